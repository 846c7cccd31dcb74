/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Preparing a chain's next configuration beside the running one. Every error is collected before giving up,
 * so that one reload reports all of them. What is live is only read here; see change_commit.c for what
 * happens at the store and after.
 */
#include "host/change/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/chain/store.h"
#include "host/chain/tier.h"
#include "util/cleanup.h"

#define BUSY_RETRY_US 50000
#define BUSY_RETRIES 40 /* 2 s in all */

static int report_slot(
	const struct change *change, size_t index, struct xslot_diag *diag, struct report *report)
{
	const struct config_place *place = &change->wanted->slots[index].config->place;

	return report_take(report, place->file, place->line, diag);
}

static int begin_slot(struct change *change, size_t index)
{
	const struct plan_slot_step *step = &change->step->slots[index];
	struct setup_slot *wanted = &change->wanted->slots[index];
	struct chain_slot *next = &change->next[index];
	const struct chain_slot *old = step->from == PLAN_NONE ? NULL : &change->previous->slots[step->from];
	bool keep = step->action == PLAN_SLOT_KEEP;
	bool empty = !change->chain || change->created; /* both banks are: A is found by fewer instructions */
	enum bank used = empty || (change->banks >> index & 1) ? BANK_B : BANK_A;
	int r = 0;

	*next = (struct chain_slot){
		.number = wanted->config->number,
		.bank = keep ? used : (used == BANK_A ? BANK_B : BANK_A),
		.proceed = wanted->config->proceed_given ? wanted->config->proceed : CHAIN_PROCEED_DEFAULT,
	};
	if (keep) {
		next->occupant = old->occupant;
		next->link = old->link;
	} else if (step->action == PLAN_SLOT_MOVE) {
		next->occupant = occupant_ref(old->occupant);
	} else {
		r = occupant_new(change->setup, wanted, &next->occupant);
	}
	if (next->bank == BANK_B)
		change->banks |= 1u << index;
	else
		change->banks &= ~(1u << index);
	return r;
}

static int begin_chain(struct change *change, struct report *report)
{
	const struct config_chain *config = change->wanted->config;
	struct xslot_diag diag = {};
	int r;

	r = chain_new(config->name, config->frags, &change->chain, &diag);
	if (r < 0)
		return report_take(report, config->place.file, config->place.line, &diag);
	change->created = true;
	change->chain->generic = config->generic;
	if (change->previous) {
		change->chain->bypass = change->previous->bypass;
		change->chain->manifest.next_instance = change->previous->manifest.next_instance;
		change->chain->manifest.previous = dispatcher_program_id(change->previous->dispatcher);
	}
	if (change->root && store_chain(change->chain, change->root, &diag) < 0)
		return report_take(report, config->place.file, config->place.line, &diag);
	return 0;
}

int change_begin(struct change *change, const struct change_options *options,
	const struct setup_chain *wanted, const struct plan_chain_step *step, struct report *report)
{
	*change = (struct change){ .setup = options->setup,
		.root = options->root,
		.wanted = wanted,
		.step = step,
		.lenient = options->lenient };
	change->previous = step->previous == PLAN_NONE ? NULL : options->running[step->previous];
	change->chain = step->from == PLAN_NONE ? NULL : options->running[step->from];
	if (!change->chain && options->with_dispatcher && begin_chain(change, report) < 0)
		return -EINVAL;
	change->banks = change->chain ? change->chain->banks : 0;
	change->interfaces = calloc(wanted->config->n_interfaces + 1, sizeof(*change->interfaces));
	if (!change->interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < wanted->n_slots; i++) {
		int r;

		change->n_next = i + 1;
		r = begin_slot(change, i);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_new(const struct change *change, size_t index)
{
	enum plan_slot_action action = change->step->slots[index].action;

	return action == PLAN_SLOT_REPLACE || action == PLAN_SLOT_ADD;
}

static struct occupant *previous_occupant(const struct change *change, size_t index)
{
	const struct plan_slot_step *step = &change->step->slots[index];

	return step->action == PLAN_SLOT_REPLACE ? change->previous->slots[step->from].occupant : NULL;
}

int change_check(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->n_next; i++) {
		if (is_new(change, i) && context_check(&change->next[i].occupant->context, report) < 0)
			result = -EINVAL;
	}
	return result;
}

static bool is_loaded(const struct occupant *occupant)
{
	return occupant && occupant->instance && instance_program_id(occupant->instance);
}

/* The other slots, those first that run beside this one: they stay, or are loaded already. */
static size_t list_sharers(const struct change *change, size_t index, struct instance_sharer *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < change->n_next; i++)
		if (i != index && is_loaded(change->next[i].occupant))
			ret[n++] = (struct instance_sharer){ change->next[i].occupant->instance,
				change->next[i].occupant->name, true };
	for (size_t i = 0; i < change->n_next; i++) {
		const struct occupant *previous = i == index ? NULL : previous_occupant(change, i);

		if (is_loaded(previous) && !change->wanted->slots[i].config->state_fresh)
			ret[n++] = (struct instance_sharer){ previous->instance, previous->name, false };
	}
	return n;
}

/* Pinned at once: so its descriptors are closed before the next one's are open. */
static int load_one(struct change *change, size_t index, struct report *report) ON_WORKER
{
	struct chain_slot *next = &change->next[index];
	struct instance_sharer sharers[2 * XSLOT_MAX_SLOTS];
	const struct occupant_place place = {
		.dispatcher = change->chain ? change->chain->dispatcher : NULL,
		.index = index,
		.bank = next->bank,
		.frags = change->wanted->config->frags,
		.sharers = sharers,
		.n_sharers = list_sharers(change, index, sharers),
	};
	struct xslot_diag diag = {};
	int r;

	r = occupant_load(next->occupant, previous_occupant(change, index), &place, report);
	if (r < 0)
		return r;
	r = change->root ? store_instance(change->chain, next->occupant, &diag)
			 : instance_release(next->occupant->instance, NULL, &diag);
	return r < 0 ? report_slot(change, index, &diag, report) : 0;
}

int change_load(struct change *change, struct report *report)
{
	int result = 0;

	/* Those first that have something before them: what they share with new ones is the map that there
	 * was. */
	for (int added = 0; added < 2; added++)
		for (size_t i = 0; i < change->n_next && !report->no_descriptors; i++)
			if (is_new(change, i) && (change->step->slots[i].action == PLAN_SLOT_ADD) == added &&
				load_one(change, i, report) < 0)
				result = -EINVAL;
	return result;
}

/*
 * The bank's old link was let go of after the last transaction, but someone who was looking (bpftool, a fork)
 * may still hold it. Give them two seconds.
 */
static int place_patiently(struct change *change, size_t index, struct xslot_diag *diag)
{
	struct chain_slot *next = &change->next[index];
	int r = -EBUSY;

	for (int i = 0; i < BUSY_RETRIES; i++) {
		xslot_diag_clear(diag);
		r = instance_place(next->occupant->instance, change->chain->dispatcher, index, next->bank,
			&next->link, diag);
		if (r != -EBUSY)
			return r;
		usleep(BUSY_RETRY_US);
	}
	return r;
}

/* Fill the stub, let the plugin fill its maps, and pin the link. */
static int place_one(struct change *change, size_t index, struct report *report) ON_WORKER
{
	struct chain_slot *next = &change->next[index];
	struct xslot_diag diag = {};
	int r;

	if (place_patiently(change, index, &diag) < 0)
		return report_slot(change, index, &diag, report);
	if (is_new(change, index)) {
		r = occupant_start(next->occupant, previous_occupant(change, index), report);
		if (r < 0)
			return r;
	}
	if (store_link(change->chain, next, index, &diag) < 0)
		return report_slot(change, index, &diag, report);
	return 0;
}

int change_place(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->n_next && !report->no_descriptors; i++) {
		if (change->step->slots[i].action != PLAN_SLOT_KEEP && place_one(change, i, report) < 0)
			result = -EINVAL;
	}
	return result;
}

/* Unpin first, close last: the last close is what detaches. The instance's own pins can wait. */
static void slot_drop(const struct change *change, const struct chain *chain, struct chain_slot *slot,
	size_t index) ON_WORKER
{
	if (change->root && slot->link)
		store_forget_link(chain, slot, index);
	xslot_link_close(slot->link);
	if (slot->occupant)
		occupant_stop(slot->occupant);
	if (change->root && slot->occupant && slot->occupant->refs == 1)
		store_forget_instance(chain, slot->occupant);
	occupant_unref(slot->occupant);
}

void change_rollback(struct change *change)
{
	if (!change->step)
		return;
	change_drop_interfaces(
		change->chain, TAKE_PTR(change->interfaces), change->wanted->config->n_interfaces);
	for (size_t i = 0; i < change->n_next; i++) {
		if (change->step->slots[i].action != PLAN_SLOT_KEEP)
			slot_drop(change, change->chain, &change->next[i], i);
	}
	change->n_next = 0;
	if (change->created) {
		store_forget_chain(change->chain);
		chain_free(change->chain);
	}
	change->chain = NULL;
}

void change_settle(struct change *change)
{
	for (size_t i = 0; i < change->chain->n_slots; i++) {
		size_t from = change->step->slots[i].from;
		const struct occupant *old;

		if (change->step->slots[i].action != PLAN_SLOT_REPLACE)
			continue;
		old = change->created ? change->previous->slots[from].occupant : change->old[from].occupant;
		occupant_settle(change->chain->slots[i].occupant, old);
	}
}

void change_live(struct change *change)
{
	for (size_t i = 0; i < change->chain->n_slots; i++) {
		if (is_new(change, i))
			context_live(&change->chain->slots[i].occupant->context);
	}
}

void change_release(struct change *change)
{
	tier_drop(change->chain);
	for (size_t i = 0; i < change->n_old; i++) {
		if (!change_keeps(change, i))
			slot_drop(change, change->chain, &change->old[i], i);
	}
	change->n_old = 0;
	change_drop_old_interfaces(change);
}
