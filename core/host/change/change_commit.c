/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The moment of a change, on the loop: the generation is written, one store makes it live, and the chain's
 * description follows. Nothing here loads, allocates or waits, so several chains change within microseconds;
 * what can still fail (a driver that refuses another program on its link) is undone by storing back.
 */
#include "host/change/change.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>

#include "host/chain/attachment.h"
#include "host/chain/store.h"
#include "util/cleanup.h"
#include "util/log.h"

static uint32_t proceed_mask(const struct chain_slot *slot)
{
	return slot->proceed == CHAIN_PROCEED_DEFAULT ? slot->occupant->default_proceed : slot->proceed;
}

/* Counts go on with the slot, whatever becomes of its instance. */
static void bring_up_to_date(struct change *change) ON_LOOP
{
	const struct xslot_generation *old;
	time_t now = time(NULL);

	if (change->previous) {
		old = dispatcher_running(change->previous->dispatcher);
		chain_refresh(change->previous);
		change->old_parity = dispatcher_parity(change->previous->dispatcher, old->id);
		change->old_count = old->count;
	}
	for (size_t i = 0; i < change->n_next; i++) {
		const struct plan_slot_step *step = &change->step->slots[i];

		if (step->from != PLAN_NONE) {
			const struct chain_slot *from = &change->previous->slots[step->from];

			change->next[i].count = from->count;
			change->next[i].previous = change->created ? step->from + 1 : from->previous;
		}
		if (step->action == PLAN_SLOT_REPLACE || step->action == PLAN_SLOT_ADD)
			change->next[i].occupant->since = now;
	}
	if (change->created && change->previous) {
		change->chain->manifest.total = change->previous->manifest.total;
		for (size_t i = 0; i < MANIFEST_PARITIES; i++)
			memcpy(change->chain->manifest.previous_baseline[i],
				change->previous->manifest.baseline[change->old_parity],
				sizeof(change->chain->manifest.previous_baseline[i]));
	}
}

/*
 * Numbers go on where the dispatcher before ended: who looks from outside sees them rise. A new dispatcher's
 * first one is odd, since the one that no packet met is 0: their counts differ by parity.
 */
static uint32_t next_id(const struct change *change)
{
	if (change->created && change->previous)
		return (dispatcher_running(change->previous->dispatcher)->id + 1) | 1;
	return dispatcher_running(change->chain->dispatcher)->id + 1;
}

int change_write(struct change *change, struct report *report)
{
	const struct config_chain *config = change->wanted->config;
	struct chain *chain = change->chain;
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	struct xslot_generation generation = {
		.id = next_id(change),
		.count = chain->bypass ? 0 : change->n_next,
		.configured_count = change->n_next,
		.banks = change->banks,
		.final = config->final,
		.on_gap = config->on_gap,
	};
	struct xslot_diag diag = {};

	bring_up_to_date(change);
	if (!change->step->generation_changed)
		return 0;
	for (size_t i = 0; i < change->n_next; i++)
		generation.proceed[i] = proceed_mask(&change->next[i]);
	/* Both generations: whichever runs when we are killed, its counts fit the baseline. */
	store_record(chain, running->id, chain->slots, chain->n_slots);
	store_record(chain, generation.id, change->next, change->n_next);
	if (store_write(chain, &diag) < 0)
		return report_take(report, config->place.file, config->place.line, &diag);
	dispatcher_prepare(chain->dispatcher, &generation);
	return 0;
}

void change_swap(struct change *change)
{
	if (change->step->generation_changed)
		dispatcher_swap(change->chain->dispatcher);
}

static struct chain_interface *source(const struct plan_interface_step *step, struct chain *const *running)
{
	return &running[step->from_chain]->interfaces[step->from];
}

/* One end of a change of mode. */
struct carrier {
	struct chain *chain;
	struct chain_interface *interface;
	bool generic;
};

static struct carrier carrier_before(const struct plan_interface_step *step, struct chain *const *running)
{
	struct chain *chain = running[step->from_chain];

	return (struct carrier){ chain, source(step, running), chain->generic };
}

static struct carrier carrier_after(const struct change *change, size_t index)
{
	return (struct carrier){ change->chain, &change->interfaces[index], change->wanted->config->generic };
}

/* Native to generic or back: the kernel refuses both at once, so there is a moment with neither. */
static int remode(struct carrier from, struct carrier to, struct xslot_diag *diag)
{
	int r;

	attachment_end(from.chain, from.interface);
	r = attachment_make(to.chain, to.interface, to.generic, false, diag);
	if (r < 0)
		attachment_make(from.chain, from.interface, from.generic, false, NULL);
	return r;
}

static void revert(struct chain *to, struct chain *from, struct netdev *netdev)
{
	netdev_update(netdev, dispatcher_fd(from->dispatcher), NULL);
	if (netdev_kind(netdev) == NETDEV_NETLINK)
		store_forget_interface(to, netdev);
}

static int update_one(
	struct change *change, size_t index, struct chain *const *running, struct xslot_diag *diag)
{
	const struct plan_interface_step *step = &change->step->interfaces[index];
	const struct netdev *netdev = change->interfaces[index].netdev;

	if (step->action == PLAN_INTERFACE_UPDATE)
		return store_update_interface(change->chain, source(step, running)->netdev, diag);
	if (step->action == PLAN_INTERFACE_ATTACH && netdev && netdev_previous(netdev))
		return netdev_take_over(change->interfaces[index].netdev, diag);
	if (step->action == PLAN_INTERFACE_REMODE)
		return remode(carrier_before(step, running), carrier_after(change, index), diag);
	return 0;
}

static void update_back(struct change *change, size_t n, struct chain *const *running)
{
	for (size_t i = 0; i < n; i++) {
		const struct plan_interface_step *step = &change->step->interfaces[i];

		if (step->action == PLAN_INTERFACE_UPDATE)
			revert(change->chain, running[step->from_chain], source(step, running)->netdev);
		else if (step->action == PLAN_INTERFACE_ATTACH && change->interfaces[i].netdev)
			netdev_give_back(change->interfaces[i].netdev);
		else if (step->action == PLAN_INTERFACE_REMODE)
			remode(carrier_after(change, i), carrier_before(step, running), NULL);
	}
}

int change_update(struct change *change, struct chain *const *running, struct report *report)
{
	const struct config_chain *config = change->wanted->config;

	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_place *place = &config->interfaces[i].place;
		struct xslot_diag diag = {};
		int r = update_one(change, i, running, &diag);

		if (r ==
			-ENODEV) /* it is gone since the plan was made: that has been reported, and is next */
			xslot_diag_clear(&diag);
		if (r == 0 || r == -ENODEV)
			continue;
		if (change->lenient) {
			log_warning("%s: %s", config->name, diag.message);
			if (netdev_look(change->interfaces[i].name, &change->interfaces[i].look) < 0)
				change->interfaces[i].look = (struct netdev_look){};
			change_note_refusal(change, i, r, &diag);
			continue;
		}
		update_back(change, i, running);
		return report_take(report, place->file, place->line, &diag);
	}
	return 0;
}

void change_update_back(struct change *change, struct chain *const *running)
{
	update_back(change, change->wanted->config->n_interfaces, running);
}

void change_take_interfaces(struct change *change, struct chain *const *running)
{
	for (size_t i = 0; i < change->wanted->config->n_interfaces; i++) {
		const struct plan_interface_step *step = &change->step->interfaces[i];

		if (change->interfaces[i].refused)
			continue;
		if (step->action == PLAN_INTERFACE_UPDATE)
			store_move_interface(
				running[step->from_chain], change->chain, source(step, running)->netdev);
		if (step->action == PLAN_INTERFACE_KEEP || step->action == PLAN_INTERFACE_UPDATE) {
			change->interfaces[i].netdev = TAKE_PTR(source(step, running)->netdev);
			netdev_rename(change->interfaces[i].netdev, change->interfaces[i].name);
			if (strcmp(change->interfaces[i].name, source(step, running)->name) == 0)
				change->interfaces[i].looked = source(step, running)->looked;
			change->interfaces[i].alarm = source(step, running)->alarm;
		}
	}
}

static void commit_interfaces(struct change *change)
{
	struct chain *chain = change->chain;

	change->old_interfaces = chain->interfaces;
	change->n_old_interfaces = chain->n_interfaces;
	chain->interfaces = TAKE_PTR(change->interfaces);
	chain->n_interfaces = change->wanted->config->n_interfaces;
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		if (chain->interfaces[i].netdev)
			netdev_commit(chain->interfaces[i].netdev);
	}
}

static void commit_slots(struct change *change) ON_LOOP
{
	struct chain *chain = change->chain;

	for (size_t i = 0; i < change->n_next; i++) {
		enum plan_slot_action action = change->step->slots[i].action;

		if (action == PLAN_SLOT_KEEP || action == PLAN_SLOT_MOVE)
			occupant_move(change->next[i].occupant, change->wanted->slots[i].name,
				change->wanted->config);
	}
	memcpy(change->old, chain->slots, sizeof(change->old));
	change->n_old = chain->n_slots;
	memcpy(chain->slots, change->next, sizeof(chain->slots));
	chain->n_slots = change->n_next;
	chain->banks = change->banks;
}

void change_commit(struct change *change)
{
	const struct config_chain *config = change->wanted->config;
	struct chain *chain = change->chain;

	commit_slots(change);
	commit_interfaces(change);
	memcpy(chain->name, config->name, sizeof(chain->name));
	chain->generic = config->generic;
	chain->only_alarm = config->only_alarm;
	chain->final = config->final;
	chain->on_gap = config->on_gap;
}

bool change_keeps(const struct change *change, size_t old_index)
{
	return !change->created && old_index < change->wanted->n_slots &&
	       change->step->slots[old_index].action == PLAN_SLOT_KEEP;
}

bool change_takes_off(const struct change *change)
{
	bool any = false;

	for (size_t i = 0; i < change->n_old_interfaces; i++)
		any |= change->old_interfaces[i].netdev != NULL;
	return any;
}

static void retire_slot(struct change *change, size_t old_index) ON_LOOP
{
	struct chain_slot *old = &change->old[old_index];
	struct xslot_link_info info = { .size = sizeof(info) };

	if (change_keeps(change, old_index))
		return;
	if (xslot_link_get_info(old->link, &info, NULL) == 0)
		change->chain->released[old_index] = info.link_id;
	if (old->occupant->refs == 1)
		context_deactivate(&old->occupant->context);
}

/* What packets that were on their way during the store added to the slots of the generation before. */
static void fold_old_generation(struct change *change) ON_LOOP
{
	struct manifest_count tail[XSLOT_MAX_SLOTS] = {}, *counts[XSLOT_MAX_SLOTS];
	struct chain *chain = change->chain;

	for (size_t i = 0; i < XSLOT_MAX_SLOTS; i++)
		counts[i] = &tail[i];
	chain_fold(chain, change->old_parity, &chain->manifest.total, change->old_count, counts);
	for (size_t i = 0; i < chain->n_slots; i++) {
		size_t from = change->step->slots[i].from;

		if (from != PLAN_NONE)
			chain_count_add(&chain->slots[i].count, &tail[from]);
	}
}

void change_retire(struct change *change)
{
	if (change->created) {
		if (change->previous)
			chain_fold_previous(change->chain, change->previous);
		/* Generation 0 of its own: what passed between attaching and the first store. */
		chain_fold(change->chain, 0, &change->chain->manifest.total, 0, NULL);
	} else if (change->step->generation_changed) {
		fold_old_generation(change);
	}
	for (size_t i = 0; i < change->n_old; i++)
		retire_slot(change, i);
	store_running(change->chain);
}
