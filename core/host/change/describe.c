/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/change/describe.h"

#include <string.h>

#include "host/chain/show.h"
#include "host/review/view.h"
#include "kernel/dispatcher/layout.h"

static void describe_replaced(const struct chain_slot *old, const struct setup_slot *new, struct lines *lines)
{
	const struct descriptor *was = old->occupant->plugin, *is = module_plugin(new->module);
	const struct setup_slot *slot = old->occupant->slot;

	if (strcmp(was->version, is->version) != 0)
		lines_add(lines, "%s: %s %s -> %s", new->name, is->name, was->version, is->version);
	else if (!slot && lines->beside)
		lines_add(lines, "%s: %s %s, other parameters, or another build or object file", new->name,
			is->name, is->version);
	else if (!slot)
		lines_add(lines, "%s: %s %s, loaded again over what the previous host left", new->name,
			is->name, is->version);
	else if (slot->module != new->module)
		lines_add(lines, "%s: %s %s, another build of it", new->name, is->name, is->version);
	else if (!blob_equal(slot->object, new->object))
		lines_add(lines, "%s: %s, another object file", new->name, is->name);
	else if (!setup_jumps_equal(slot, new))
		lines_add(lines, "%s: %s, other jumps", new->name, is->name);
	else if (view_same(old->occupant, new))
		lines_add(lines, "%s: %s %s, loaded again", new->name, is->name, is->version);
	else
		lines_add(lines, "%s: %s, other parameters", new->name, is->name);
}

static void describe_slot(const struct chain *previous, const struct setup_slot *new,
	const struct plan_slot_step *step, struct lines *lines)
{
	const struct descriptor *plugin = module_plugin(new->module);

	switch (step->action) {
	case PLAN_SLOT_ADD:
		lines_add(lines, "%s: %s %s added", new->name, plugin->name, plugin->version);
		break;
	case PLAN_SLOT_REPLACE:
		describe_replaced(&previous->slots[step->from], new, lines);
		break;
	case PLAN_SLOT_MOVE:
	case PLAN_SLOT_KEEP:
		if (step->renumbered)
			lines_add(lines, "%s: %s, was slot %u", new->name, plugin->name,
				previous->slots[step->from].number);
		break;
	}
	if (step->proceed_changed)
		lines_add(lines, "%s: %s, other proceed_on", new->name, plugin->name);
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
			lines_add(lines, "%s: %s %s removed", old->occupant->name,
				old->occupant->plugin->name, old->occupant->plugin->version);
	}
}

static void describe_rebuilt(
	const struct chain *previous, const struct config_chain *config, struct lines *lines)
{
	unsigned version = dispatcher_version(previous->dispatcher);

	if (version != layout_made()->version)
		lines_add(lines, "%s: new dispatcher, version %u in place of %u", config->name,
			layout_made()->version, version);
	if (previous->frags != config->frags)
		lines_add(
			lines, "%s: new dispatcher, frags = %s", config->name, config->frags ? "yes" : "no");
}

static void describe_verdicts(
	const struct chain *previous, const struct config_chain *config, struct lines *lines)
{
	if (previous->final != config->final)
		lines_add(lines, "%s: final %s -> %s", config->name, show_action(previous->final),
			show_action(config->final));
	if (previous->on_gap != config->on_gap)
		lines_add(lines, "%s: on_gap %s -> %s", config->name, show_action(previous->on_gap),
			show_action(config->on_gap));
}

static void describe_chain(struct chain *const *running, const struct setup_chain *new,
	const struct plan_chain_step *step, struct lines *lines)
{
	const struct chain *previous = step->previous == PLAN_NONE ? NULL : running[step->previous];
	const char *name = new->config->name;

	if (step->unchanged)
		return;
	if (!previous)
		lines_add(lines, "%s: chain added", name);
	else if (step->from == PLAN_NONE)
		describe_rebuilt(previous, new->config, lines);
	if (step->renamed)
		lines_add(lines, "%s: chain renamed, was %s", name, previous->name);
	if (step->verdicts_changed)
		describe_verdicts(previous, new->config, lines);
	if (step->on_detach_changed)
		lines_add(lines, "%s: on_detach = %s", name, new->config->only_alarm ? "alarm" : "attach");
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
				lines_add(lines, "%s.%u: fuse = %s", is->name, is->slots[i].number,
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
			lines_add(ret_lines, "%s: fuse = %s", is->name, is->fuse ? "yes" : "no");
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
			lines_add(ret_lines, "%s: chain removed", running[i]->name);
		describe_detached(running, i, setup, plan, ret_lines);
	}
	return 0;
}
