/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What becomes of interfaces, in words. A reload says it from its plan: an interface that refuses is an error
 * then, and what was planned is what comes true. After a report of the kernel nobody waits for an outcome: it
 * is said when it was tried, and a refusal is the state of the interface, said once.
 */
#include <stdlib.h>
#include <string.h>

#include "host/change/describe.h"
#include "kernel/ask.h"
#include "util/log.h"

static void add_attached(struct lines *lines, const char *chain, const char *name, const char *mode)
{
	lines_add(lines, "%s: %s attached (%s)", chain, name, mode);
}

static void add_taken_over(struct lines *lines, const char *chain, const char *name, const struct chain *from)
{
	lines_add(lines, "%s: %s taken over from chain %s", chain, name, from->name);
}

/* The files call it otherwise, or it was renamed. */
static void add_name(
	struct lines *lines, const char *chain, const char *name, const struct chain_interface *was)
{
	if (strcmp(was->name, name) != 0)
		lines_add(lines, "%s: %s is called %s now, and stays attached", chain, was->name, name);
}

/* Somebody had put a program into the link that stays. */
static void add_put_back(
	struct lines *lines, const char *chain, const char *name, const struct chain_interface *was)
{
	if (was->displaced_by)
		lines_add(
			lines, "%s: %s put back, in the place of program %u", chain, name, was->displaced_by);
}

/* ---- of a plan ---- */

static bool was_waiting(const struct chain *previous, const char *name)
{
	const struct chain_interface *was = previous ? chain_find_interface(previous, name) : NULL;

	return was && !was->netdev;
}

static const struct chain_interface *source(
	struct chain *const *running, const struct plan_interface_step *step)
{
	return &running[step->from_chain]->interfaces[step->from];
}

static void describe_interface(struct chain *const *running, const struct config_chain *config, size_t index,
	const struct plan_chain_step *step, struct lines *lines)
{
	const struct chain *previous = step->previous == PLAN_NONE ? NULL : running[step->previous];
	const struct plan_interface_step *interface = &step->interfaces[index];
	const char *chain = config->name, *name = config->interfaces[index].name;
	const char *mode = xdp_mode_name(config->generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE);

	switch (interface->action) {
	case PLAN_INTERFACE_KEEP:
		add_put_back(lines, chain, name, source(running, interface));
		add_name(lines, chain, name, source(running, interface));
		break;
	case PLAN_INTERFACE_LEAVE:
	case PLAN_INTERFACE_TWIN:
		break;
	case PLAN_INTERFACE_WAIT:
		if (!was_waiting(previous, name))
			lines_add(lines, "%s: %s does not exist yet, waiting", chain, name);
		break;
	case PLAN_INTERFACE_ATTACH:
		add_attached(lines, chain, name, mode);
		break;
	case PLAN_INTERFACE_UPDATE:
		if (interface->from_chain == step->from)
			add_put_back(lines, chain, name, source(running, interface));
		else
			add_taken_over(lines, chain, name, running[interface->from_chain]);
		break;
	case PLAN_INTERFACE_REMODE:
		lines_add(lines, "%s: %s detached and attached again (%s)", chain, name, mode);
		break;
	}
}

void describe_interfaces(struct chain *const *running, const struct config_chain *config,
	const struct plan_chain_step *step, struct lines *ret_lines)
{
	for (size_t i = 0; i < config->n_interfaces; i++)
		describe_interface(running, config, i, step, ret_lines);
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
void describe_detached(struct chain *const *running, size_t index, const struct setup *setup,
	const struct plan *plan, struct lines *lines)
{
	const struct chain *chain = running[index];

	for (size_t k = 0; k < chain->n_interfaces; k++) {
		const struct chain_interface *interface = &chain->interfaces[k];

		if (setup_wants_interface(setup, interface->name) || goes_on(plan, index, k))
			continue;
		lines_add(lines, "%s: %s %s", chain->name, interface->name,
			interface->netdev && netdev_alive(interface->netdev) != 0 ? "detached"
										  : "no longer waited for");
	}
}

void describe_taken(const struct change *change, struct lines *ret_lines)
{
	const struct config_chain *config = change->wanted->config;

	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct netdev *netdev = change->interfaces[i].netdev;

		if (netdev && netdev_previous(netdev))
			lines_add(ret_lines, "%s: %s taken over through netlink from XDP program %s",
				config->name, change->interfaces[i].name, netdev_previous(netdev));
	}
}

/* ---- of what was tried ---- */

/* There is no interface of that name; what became of the one that there was? */
static void add_waiting(struct lines *lines, const struct change *change, const struct chain_interface *old)
{
	const char *chain = change->wanted->config->name;
	char name[IF_NAMESIZE];

	if (!old || (!old->netdev && !old->refused))
		return; /* there was none, and that has been said */
	if (old->netdev && netdev_alive(old->netdev) == 1 && ask_name(netdev_ifindex(old->netdev), name) == 1)
		lines_add(lines, "%s: %s is called %s now%s; waiting for another %s", chain, old->name, name,
			setup_wants_interface(change->setup, name) ? "" : ", which no chain has: detached",
			old->name);
	else
		lines_add(lines, "%s: %s is gone, waiting for it", chain, old->name);
}

static void log_refused(
	const char *chain, const struct chain_interface *interface, const struct chain_interface *old)
{
	if (!old || !old->refused || strcmp(old->refused, interface->refused) != 0)
		log_warning("%s: %s", chain, interface->refused);
}

static void log_interface(const struct change *change, size_t index, struct chain *const *running)
{
	const struct plan_interface_step *step = &change->step->interfaces[index];
	const struct chain_interface *interface = &change->interfaces[index];
	const struct chain_interface *old = chain_find_interface(change->chain, interface->name);
	const char *chain = change->wanted->config->name;
	struct lines lines = {};

	switch (step->action) {
	case PLAN_INTERFACE_KEEP:
		add_name(&lines, chain, interface->name, source(running, step));
		break;
	case PLAN_INTERFACE_UPDATE:
		if (step->from_chain != change->step->from)
			add_taken_over(&lines, chain, interface->name, running[step->from_chain]);
		break;
	case PLAN_INTERFACE_ATTACH:
	case PLAN_INTERFACE_WAIT:
	case PLAN_INTERFACE_TWIN:
		if (interface->netdev)
			add_attached(&lines, chain, interface->name,
				xdp_mode_name(netdev_mode(interface->netdev)));
		else if (interface->refused)
			log_refused(chain, interface, old);
		else
			add_waiting(&lines, change, old);
		break;
	case PLAN_INTERFACE_LEAVE:
	case PLAN_INTERFACE_REMODE:
		break;
	}
	for (size_t i = 0; i < lines.n; i++)
		log_info("%s", lines.line[i]);
	lines_clear(&lines);
}

void describe_unasked(const struct change *change, struct chain *const *running)
{
	for (size_t i = 0; i < change->wanted->config->n_interfaces; i++)
		log_interface(change, i, running);
}
