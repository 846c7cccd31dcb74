/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain is identified by its name. A chain that lost its name, while a new name took over one of its
 * interfaces, was renamed: it keeps its dispatcher. A chain is rebuilt if its dispatcher is of another
 * version than ours, or was loaded with another `frags`: it gets a new dispatcher, whose slots take over the
 * state of the old one's, and then its interfaces.
 *
 * Slots are matched so that as much as possible stays as it is: first equal slots at the same number, then
 * equal slots anywhere in the chain (moved), then slots with the same number and plugin (a new version or
 * other parameters: the slot inherits state). Every other slot is new, or removed.
 *
 * An interface is the one that has the name now. So if two interfaces have exchanged their names, each keeps
 * its link, and the links change places.
 *
 * Whether a change would leave an interface bare is decided from the steps, not from the names: if no step
 * takes a link over, packets would pass all slots by, whatever the reason, such as a lost file or a section
 * with another name.
 */
#include "host/plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

DEFINE_CLEANUP(struct plan *, plan_free);

struct sides {
	const struct plan_chain *running, *wanted;
	size_t n_running, n_wanted;
	plan_same_fn same;
};

static size_t find_chain(const struct plan_chain *chains, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(chains[i].name, name) == 0)
			return i;
	}
	return PLAN_NONE;
}

static size_t find_interface(const struct plan_chain *chain, const char *name)
{
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		if (strcmp(chain->interfaces[i].name, name) == 0)
			return i;
	}
	return PLAN_NONE;
}

static bool share_interface(const struct plan_chain *a, const struct plan_chain *b)
{
	for (size_t i = 0; i < a->n_interfaces; i++) {
		if (find_interface(b, a->interfaces[i].name) != PLAN_NONE)
			return true;
	}
	return false;
}

/* Which running chain does this wanted one continue? `taken` marks those that already go on. */
static size_t match_chain(const struct sides *sides, const struct plan_chain *chain, const bool *taken)
{
	for (size_t i = 0; i < sides->n_running; i++) {
		if (!taken[i] && strcmp(sides->running[i].name, chain->name) == 0)
			return i;
	}
	for (size_t i = 0; i < sides->n_running; i++) {
		const struct plan_chain *old = &sides->running[i];

		if (!taken[i] && find_chain(sides->wanted, sides->n_wanted, old->name) == PLAN_NONE &&
			share_interface(old, chain))
			return i;
	}
	return PLAN_NONE;
}

/* One pass of matching: for each wanted slot that has no match yet, the first free running one that fits. */
enum fit { FIT_SAME_NUMBER, FIT_SAME_ANYWHERE, FIT_NUMBER_AND_PLUGIN };

static bool fits(enum fit fit, const struct plan_slot *old, const struct plan_slot *new, plan_same_fn same)
{
	switch (fit) {
	case FIT_SAME_NUMBER:
		return old->number == new->number &&same(old->token, new->token);
	case FIT_SAME_ANYWHERE:
		return same(old->token, new->token);
	case FIT_NUMBER_AND_PLUGIN:
		return old->number == new->number &&strcmp(old->plugin, new->plugin) == 0;
	}
	return false;
}

static void match_slots(const struct plan_chain *old, const struct plan_chain *new, enum fit fit,
	plan_same_fn same, struct plan_slot_step *steps, bool *taken)
{
	for (size_t i = 0; i < new->n_slots; i++) {
		if (steps[i].action != PLAN_SLOT_ADD)
			continue;
		for (size_t j = 0; j < old->n_slots; j++) {
			if (taken[j] || !fits(fit, &old->slots[j], &new->slots[i], same))
				continue;
			taken[j] = true;
			steps[i].from = j;
			steps[i].action = fit == FIT_NUMBER_AND_PLUGIN ? PLAN_SLOT_REPLACE
					  : i == j		       ? PLAN_SLOT_KEEP
								       : PLAN_SLOT_MOVE;
			steps[i].renumbered = old->slots[j].number != new->slots[i].number;
			steps[i].proceed_changed = old->slots[j].proceed != new->slots[i].proceed;
			break;
		}
	}
}

static int plan_slots(const struct sides *sides, const struct plan_chain *new, struct plan_chain_step *step)
{
	const struct plan_chain *old = step->previous == PLAN_NONE ? NULL : &sides->running[step->previous];
	CLEANUP(free) bool *taken = NULL;

	step->slots = calloc(new->n_slots + 1, sizeof(*step->slots));
	taken = calloc((old ? old->n_slots : 0) + 1, sizeof(*taken));
	if (!step->slots || !taken)
		return -ENOMEM;
	for (size_t i = 0; i < new->n_slots; i++)
		step->slots[i] = (struct plan_slot_step){ .action = PLAN_SLOT_ADD, .from = PLAN_NONE };
	if (!old)
		return 0;
	match_slots(old, new, FIT_SAME_NUMBER, sides->same, step->slots, taken);
	match_slots(old, new, FIT_SAME_ANYWHERE, sides->same, step->slots, taken);
	match_slots(old, new, FIT_NUMBER_AND_PLUGIN, sides->same, step->slots, taken);
	/* An extension is loaded for one dispatcher, so none of the old instances goes on in a rebuilt chain.
	 */
	for (size_t i = 0; step->from == PLAN_NONE && i < new->n_slots; i++) {
		if (step->slots[i].from != PLAN_NONE)
			step->slots[i].action = PLAN_SLOT_REPLACE;
	}
	return 0;
}

/* Is the link given to an interface already, under another of its names? */
static bool is_claimed(const struct plan *plan, size_t from_chain, size_t from)
{
	for (size_t c = 0; c < plan->n_chains; c++) {
		const struct plan_chain_step *chain = &plan->chains[c];

		for (size_t i = 0; i < chain->n_interfaces; i++) {
			if (chain->interfaces[i].from_chain == from_chain &&
				chain->interfaces[i].from == from)
				return true;
		}
	}
	return false;
}

static struct plan_interface_step plan_interface(const struct sides *sides, const struct plan *plan,
	const struct plan_chain *new, const struct plan_interface *wanted, size_t chain_from)
{
	struct plan_interface_step step = { .from_chain = PLAN_NONE, .from = PLAN_NONE };

	if (wanted->leave) {
		step.action = PLAN_INTERFACE_LEAVE;
		step.from_chain = chain_from;
		step.from = find_interface(&sides->running[chain_from], wanted->name);
		return step;
	}
	if (wanted->twin) {
		step.action = PLAN_INTERFACE_TWIN;
		step.twin = wanted->twin;
		return step;
	}
	for (size_t c = 0; wanted->ifindex && c < sides->n_running; c++) {
		const struct plan_chain *old = &sides->running[c];

		for (size_t i = 0; i < old->n_interfaces; i++) {
			if (old->interfaces[i].ifindex != wanted->ifindex || is_claimed(plan, c, i))
				continue;
			step.from_chain = c;
			step.from = i;
			step.action = old->generic != new->generic ? PLAN_INTERFACE_REMODE
				      : c != chain_from || old->interfaces[i].displaced
					      ? PLAN_INTERFACE_UPDATE
					      : PLAN_INTERFACE_KEEP;
			return step;
		}
	}
	step.action = wanted->ifindex ? PLAN_INTERFACE_ATTACH : PLAN_INTERFACE_WAIT;
	step.ifindex = wanted->ifindex;
	return step;
}

static int plan_interfaces(const struct sides *sides, const struct plan *plan, const struct plan_chain *new,
	struct plan_chain_step *step)
{
	step->interfaces = calloc(new->n_interfaces + 1, sizeof(*step->interfaces));
	if (!step->interfaces)
		return -ENOMEM;
	for (; step->n_interfaces < new->n_interfaces; step->n_interfaces++)
		step->interfaces[step->n_interfaces] =
			plan_interface(sides, plan, new, &new->interfaces[step->n_interfaces], step->from);
	return 0;
}

/* Is the interface as the chain has it already? */
static bool is_settled(const struct plan_chain *old, const struct plan_interface *wanted,
	const struct plan_interface_step *step)
{
	size_t same = find_interface(old, wanted->name);

	switch (step->action) {
	case PLAN_INTERFACE_KEEP:
	case PLAN_INTERFACE_LEAVE:
		return step->from == same;
	case PLAN_INTERFACE_WAIT:
		return same != PLAN_NONE && old->interfaces[same].ifindex == 0;
	default:
		return false;
	}
}

/* Did the set of interfaces change, or does one of them need work? */
static bool interfaces_changed(
	const struct plan_chain *old, const struct plan_chain *new, const struct plan_chain_step *step)
{
	if (old->n_interfaces != new->n_interfaces)
		return true;
	for (size_t i = 0; i < new->n_interfaces; i++) {
		if (old->interfaces[i].stale || old->interfaces[i].put_back ||
			!is_settled(old, &new->interfaces[i], &step->interfaces[i]))
			return true;
	}
	return false;
}

static void summarise(const struct sides *sides, const struct plan_chain *new, struct plan_chain_step *step)
{
	const struct plan_chain *old = step->from == PLAN_NONE ? NULL : &sides->running[step->from];
	bool renumbered = false;

	step->generation_changed = !old || old->n_slots != new->n_slots;
	for (size_t i = 0; i < new->n_slots; i++) {
		if (step->slots[i].action != PLAN_SLOT_KEEP || step->slots[i].proceed_changed)
			step->generation_changed = true;
		renumbered |= step->slots[i].renumbered;
	}
	if (!old)
		return;
	step->renamed = strcmp(old->name, new->name) != 0;
	step->verdicts_changed = old->final != new->final || old->on_gap != new->on_gap;
	step->generation_changed |= step->verdicts_changed;
	step->on_detach_changed = old->only_alarm != new->only_alarm;
	step->unchanged = !step->generation_changed && !step->renamed && !renumbered &&
			  !step->on_detach_changed && old->generic == new->generic &&
			  !interfaces_changed(old, new, step);
}

/* The wanted chain that takes the link over; PLAN_NONE: none does. */
static size_t find_taker(const struct plan *plan, size_t chain, size_t interface)
{
	for (size_t c = 0; c < plan->n_chains; c++) {
		for (size_t i = 0; i < plan->chains[c].n_interfaces; i++) {
			const struct plan_interface_step *step = &plan->chains[c].interfaces[i];

			if (step->action != PLAN_INTERFACE_LEAVE && step->from_chain == chain &&
				step->from == interface)
				return c;
		}
	}
	return PLAN_NONE;
}

static bool is_bared(const struct sides *sides, size_t chain, size_t interface, size_t to)
{
	const struct plan_interface *running = &sides->running[chain].interfaces[interface];

	if (!running->ifindex || running->may_bare)
		return false;
	if (to == PLAN_NONE)
		return !running->renamed;
	return sides->running[chain].n_slots > 0 && sides->wanted[to].n_slots == 0;
}

static int plan_bared(const struct sides *sides, struct plan *plan)
{
	size_t n = 0;

	for (size_t c = 0; c < sides->n_running; c++)
		n += sides->running[c].n_interfaces;
	plan->bared = calloc(n + 1, sizeof(*plan->bared));
	if (!plan->bared)
		return -ENOMEM;
	for (size_t c = 0; c < sides->n_running; c++) {
		for (size_t i = 0; i < sides->running[c].n_interfaces; i++) {
			size_t to = find_taker(plan, c, i);

			if (is_bared(sides, c, i, to))
				plan->bared[plan->n_bared++] = (struct plan_bared){ c, i, to };
		}
	}
	return 0;
}

static bool must_rebuild(const struct plan_chain *old, const struct plan_chain *new)
{
	return old->frags != new->frags || old->version != new->version;
}

static int plan_chain(const struct sides *sides, size_t index, struct plan *plan, bool *taken)
{
	const struct plan_chain *new = &sides->wanted[index];
	struct plan_chain_step *step = &plan->chains[index];
	int r;

	step->previous = match_chain(sides, new, taken);
	step->from = step->previous;
	if (step->previous != PLAN_NONE) {
		taken[step->previous] = true;
		if (must_rebuild(&sides->running[step->previous], new))
			step->from = PLAN_NONE;
		else
			plan->removed[step->previous] = false;
	}
	r = plan_slots(sides, new, step);
	if (r == 0)
		r = plan_interfaces(sides, plan, new, step);
	if (r < 0)
		return r;
	summarise(sides, new, step);
	plan->unchanged &= step->unchanged;
	return 0;
}

int plan_new(const struct plan_chain *running, size_t n_running, const struct plan_chain *wanted,
	size_t n_wanted, plan_same_fn same, struct plan **ret_plan)
{
	const struct sides sides = { running, wanted, n_running, n_wanted, same };
	CLEANUP(plan_free) struct plan *plan = calloc(1, sizeof(*plan));
	CLEANUP(free) bool *taken = calloc(n_running + 1, sizeof(*taken));

	if (!plan || !taken)
		return -ENOMEM;
	plan->chains = calloc(n_wanted + 1, sizeof(*plan->chains));
	plan->removed = calloc(n_running + 1, sizeof(*plan->removed));
	if (!plan->chains || !plan->removed)
		return -ENOMEM;
	plan->n_chains = n_wanted;
	plan->n_running = n_running;
	plan->unchanged = true;
	memset(plan->removed, true, n_running);
	for (size_t i = 0; i < n_wanted; i++) {
		int r = plan_chain(&sides, i, plan, taken);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n_running; i++)
		plan->unchanged &= !plan->removed[i];
	if (plan_bared(&sides, plan) < 0)
		return -ENOMEM;
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; plan->chains && i < plan->n_chains; i++) {
		free(plan->chains[i].slots);
		free(plan->chains[i].interfaces);
	}
	free(plan->chains);
	free(plan->removed);
	free(plan->bared);
	free(plan);
}
