/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/change/describe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/review/view.h"
#include "util/memory.h"

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...)
{
	char **line = reallocarray(lines->line, lines->n + 1, sizeof(*line));
	va_list args;

	if (!line)
		memory_out();
	lines->line = line;
	va_start(args, format);
	if (vasprintf(&line[lines->n], format, args) < 0)
		memory_out();
	va_end(args);
	lines->n++;
}

void lines_clear(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->line[i]);
	free(lines->line);
	*lines = (struct lines){};
}

static void describe_replaced(const struct chain_slot *old, const struct setup_slot *new, struct lines *lines)
{
	const struct xslot_plugin *was = old->occupant->plugin, *is = module_plugin(new->module);
	const struct setup_slot *slot = old->occupant->slot;

	if (strcmp(was->version, is->version) != 0)
		add(lines, "%s: %s %s -> %s", new->name, is->name, was->version, is->version);
	else if (!slot && lines->beside)
		add(lines, "%s: %s %s, other parameters, or another build or object file", new->name,
			is->name, is->version);
	else if (!slot)
		add(lines, "%s: %s %s, loaded again over what the previous host left", new->name, is->name,
			is->version);
	else if (slot->module != new->module)
		add(lines, "%s: %s %s, another build of it", new->name, is->name, is->version);
	else if (!blob_equal(slot->object, new->object))
		add(lines, "%s: %s, another object file", new->name, is->name);
	else if (!setup_jumps_equal(slot, new))
		add(lines, "%s: %s, other jumps", new->name, is->name);
	else if (view_same(old->occupant, new))
		add(lines, "%s: %s %s, loaded again", new->name, is->name, is->version);
	else
		add(lines, "%s: %s, other parameters", new->name, is->name);
}

static void describe_slot(const struct chain *previous, const struct setup_slot *new,
	const struct plan_slot_step *step, struct lines *lines)
{
	const struct xslot_plugin *plugin = module_plugin(new->module);

	switch (step->action) {
	case PLAN_SLOT_ADD:
		add(lines, "%s: %s %s added", new->name, plugin->name, plugin->version);
		break;
	case PLAN_SLOT_REPLACE:
		describe_replaced(&previous->slots[step->from], new, lines);
		break;
	case PLAN_SLOT_MOVE:
	case PLAN_SLOT_KEEP:
		if (step->renumbered)
			add(lines, "%s: %s, was slot %u", new->name, plugin->name,
				previous->slots[step->from].number);
		break;
	}
	if (step->proceed_changed)
		add(lines, "%s: %s, other proceed_on", new->name, plugin->name);
}

static void describe_removed_slots(
	const struct chain *previous, const struct plan_chain_step *step, size_t n_new, struct lines *lines)
{
	for (size_t j = 0; previous && j < previous->n_slots; j++) {
		const struct chain_slot *old = &previous->slots[j];
		bool found = false;

		for (size_t i = 0; i < n_new; i++)
			found |= step->slots[i].from == j;
		if (!found)
			add(lines, "%s: %s %s removed", old->occupant->name, old->occupant->plugin->name,
				old->occupant->plugin->version);
	}
}

static bool was_waiting(const struct chain *previous, const char *name)
{
	for (size_t i = 0; previous && i < previous->n_interfaces; i++) {
		if (strcmp(previous->interfaces[i].name, name) == 0)
			return !previous->interfaces[i].netdev;
	}
	return false;
}

/* Somebody had put a program into the link that stays. */
static void describe_put_back(struct chain *const *running, const struct plan_interface_step *step,
	const struct config_chain *config, const char *name, struct lines *lines)
{
	uint32_t other = running[step->from_chain]->interfaces[step->from].displaced_by;

	if (other)
		add(lines, "%s: %s put back, in the place of program %u", config->name, name, other);
}

/* The files call it otherwise, or it was renamed. */
static void describe_name(struct chain *const *running, const struct plan_interface_step *step,
	const struct config_chain *config, const char *name, struct lines *lines)
{
	const char *was = running[step->from_chain]->interfaces[step->from].name;

	if (strcmp(was, name) != 0)
		add(lines, "%s: %s is called %s now, and stays attached", config->name, was, name);
}

static void describe_interfaces(struct chain *const *running, const struct config_chain *config,
	const struct plan_chain_step *step, struct lines *lines)
{
	const struct chain *previous = step->previous == PLAN_NONE ? NULL : running[step->previous];
	const char *mode = config->generic ? "generic" : "native";

	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct plan_interface_step *interface = &step->interfaces[i];
		const char *name = config->interfaces[i].name;

		switch (interface->action) {
		case PLAN_INTERFACE_KEEP:
			describe_put_back(running, interface, config, name, lines);
			describe_name(running, interface, config, name, lines);
			break;
		case PLAN_INTERFACE_LEAVE:
		case PLAN_INTERFACE_TWIN:
			break;
		case PLAN_INTERFACE_WAIT:
			if (!was_waiting(previous, name))
				add(lines, "%s: %s does not exist yet, waiting", config->name, name);
			break;
		case PLAN_INTERFACE_ATTACH:
			add(lines, "%s: %s attached (%s)", config->name, name, mode);
			break;
		case PLAN_INTERFACE_UPDATE:
			if (interface->from_chain == step->from)
				describe_put_back(running, interface, config, name, lines);
			else
				add(lines, "%s: %s taken over from chain %s", config->name, name,
					running[interface->from_chain]->name);
			break;
		case PLAN_INTERFACE_REMODE:
			add(lines, "%s: %s detached and attached again (%s)", config->name, name, mode);
			break;
		}
	}
}

/* Does the link go on, by whatever name? */
static bool goes_on(const struct plan *plan, size_t from_chain, size_t from)
{
	for (size_t i = 0; i < plan->n_chains; i++) {
		for (size_t j = 0; j < plan->chains[i].n_interfaces; j++) {
			const struct plan_interface_step *step = &plan->chains[i].interfaces[j];

			if (step->from_chain == from_chain && step->from == from &&
				step->action != PLAN_INTERFACE_LEAVE)
				return true;
		}
	}
	return false;
}

/* Interfaces that no wanted chain has any more. */
static void describe_detached(struct chain *const *running, size_t index, const struct setup *setup,
	const struct plan *plan, struct lines *lines)
{
	const struct chain *chain = running[index];

	for (size_t k = 0; k < chain->n_interfaces; k++) {
		const struct chain_interface *interface = &chain->interfaces[k];
		bool wanted = false;

		for (size_t i = 0; i < setup->n_chains; i++) {
			const struct config_chain *config = setup->chains[i].config;

			for (size_t j = 0; j < config->n_interfaces; j++)
				wanted |= strcmp(config->interfaces[j].name, interface->name) == 0;
		}
		if (wanted || goes_on(plan, index, k))
			continue;
		add(lines, "%s: %s %s", chain->name, interface->name,
			interface->netdev && netdev_alive(interface->netdev) != 0 ? "detached"
										  : "no longer waited for");
	}
}

static void describe_rebuilt(
	const struct chain *previous, const struct config_chain *config, struct lines *lines)
{
	unsigned version = dispatcher_version(previous->dispatcher);

	if (version != XSLOT_DISPATCHER_VERSION)
		add(lines, "%s: new dispatcher, version %u in place of %u", config->name,
			XSLOT_DISPATCHER_VERSION, version);
	if (previous->frags != config->frags)
		add(lines, "%s: new dispatcher, frags = %s", config->name, config->frags ? "yes" : "no");
}

static void describe_chain(struct chain *const *running, const struct setup_chain *new,
	const struct plan_chain_step *step, struct lines *lines)
{
	const struct chain *previous = step->previous == PLAN_NONE ? NULL : running[step->previous];
	const char *name = new->config->name;

	if (step->unchanged)
		return;
	if (!previous)
		add(lines, "%s: chain added", name);
	else if (step->from == PLAN_NONE)
		describe_rebuilt(previous, new->config, lines);
	if (step->renamed)
		add(lines, "%s: chain renamed, was %s", name, previous->name);
	if (step->verdicts_changed)
		add(lines, "%s: other final or on_gap verdict", name);
	if (step->on_detach_changed)
		add(lines, "%s: on_detach = %s", name, new->config->only_alarm ? "alarm" : "attach");
	for (size_t i = 0; i < new->n_slots; i++)
		describe_slot(previous, &new->slots[i], &step->slots[i], lines);
	describe_removed_slots(previous, step, new->n_slots, lines);
	describe_interfaces(running, new->config, step, lines);
}

static const struct config_chain *chain_of(const struct setup *setup, const char *name)
{
	for (size_t i = 0; i < setup->n_chains; i++) {
		if (strcmp(setup->chains[i].config->name, name) == 0)
			return setup->chains[i].config;
	}
	return NULL;
}

static void describe_fuse_of_slots(
	const struct config_chain *was, const struct config_chain *is, struct lines *lines)
{
	for (size_t i = 0; i < is->n_slots; i++) {
		for (size_t j = 0; j < was->n_slots; j++) {
			if (was->slots[j].number == is->slots[i].number &&
				was->slots[j].fuse != is->slots[i].fuse)
				add(lines, "%s.%u: fuse = %s", is->name, is->slots[i].number,
					is->slots[i].fuse ? "yes" : "no");
		}
	}
}

void describe_fuse(
	const struct setup *running, const struct setup *setup, struct plan *plan, struct lines *ret_lines)
{
	size_t n = ret_lines->n;

	for (size_t i = 0; running && i < setup->n_chains; i++) {
		const struct config_chain *is = setup->chains[i].config, *was = chain_of(running, is->name);

		if (was && was->fuse != is->fuse)
			add(ret_lines, "%s: fuse = %s", is->name, is->fuse ? "yes" : "no");
		if (was)
			describe_fuse_of_slots(was, is, ret_lines);
	}
	plan->unchanged &= ret_lines->n == n;
}

int describe_plan(struct chain *const *running, const struct setup *setup, const struct plan *plan,
	struct lines *ret_lines)
{
	for (size_t i = 0; i < plan->n_chains; i++)
		describe_chain(running, &setup->chains[i], &plan->chains[i], ret_lines);
	for (size_t i = 0; i < plan->n_running; i++) {
		bool continued = false;

		for (size_t j = 0; j < plan->n_chains; j++)
			continued |= plan->chains[j].previous == i;
		if (plan->removed[i] && !continued)
			add(ret_lines, "%s: chain removed", running[i]->name);
		describe_detached(running, i, setup, plan, ret_lines);
	}
	return 0;
}

void describe_taken(const struct change *change, struct lines *ret_lines)
{
	const struct config_chain *config = change->wanted->config;

	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct netdev *netdev = change->interfaces[i].netdev;

		if (netdev && netdev_previous(netdev))
			add(ret_lines, "%s: %s taken over through netlink from XDP program %s", config->name,
				change->interfaces[i].name, netdev_previous(netdev));
	}
}
