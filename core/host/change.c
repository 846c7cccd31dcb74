/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Preparing a chain's next configuration beside the running one. Every error is collected before giving up,
 * so that one reload tells all. What is live is only read here; see adopt.c for what happens at the store and
 * after.
 */
#include "host/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

#define BUSY_RETRY_US 50000
#define BUSY_RETRIES 40 /* 2 s in all */

static int report_slot(const struct chain_slot *slot, struct xslot_diag *diag, struct report *report)
{
	const struct config_place *place = &slot->occupant->slot->config->place;

	return report_take(report, place->file, place->line, diag);
}

static int begin_slot(struct change *change, size_t index)
{
	const struct plan_slot_step *step = &change->step->slots[index];
	const struct setup_slot *wanted = &change->wanted->slots[index];
	struct chain_slot *next = &change->next[index];
	const struct chain_slot *old = step->from == PLAN_NONE ? NULL : &change->previous->slots[step->from];
	bool keep = step->action == PLAN_SLOT_KEEP;
	enum bank used = change->chain && (change->banks >> index & 1) ? BANK_B : BANK_A;
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

int change_begin(struct change *change, struct setup *setup, const struct setup_chain *wanted,
	const struct plan_chain_step *step, struct chain *const *running, bool with_dispatcher,
	struct report *report)
{
	struct xslot_diag diag = {};

	*change = (struct change){ .setup = setup, .wanted = wanted, .step = step };
	change->previous = step->previous == PLAN_NONE ? NULL : running[step->previous];
	change->chain = step->from == PLAN_NONE ? NULL : running[step->from];
	if (!change->chain && with_dispatcher) {
		if (chain_new(wanted->config->name, wanted->config->frags, &change->chain, &diag) < 0)
			return report_take(
				report, wanted->config->place.file, wanted->config->place.line, &diag);
		change->created = true;
	}
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

int change_load(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->n_next; i++) {
		struct chain_slot *next = &change->next[i];

		if (is_new(change, i) &&
			occupant_load(next->occupant, previous_occupant(change, i),
				change->wanted->config->frags,
				change->chain ? change->chain->dispatcher : NULL, i, next->bank, report) < 0)
			result = -EINVAL;
	}
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

int change_place(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->n_next; i++) {
		struct chain_slot *next = &change->next[i];
		struct xslot_diag diag = {};

		if (change->step->slots[i].action == PLAN_SLOT_KEEP)
			continue;
		if (place_patiently(change, i, &diag) < 0)
			result = report_slot(next, &diag, report);
		else if (is_new(change, i) &&
			 occupant_start(next->occupant, previous_occupant(change, i), report) < 0)
			result = -EINVAL;
	}
	return result;
}

static int attach_one(struct change *change, size_t index, struct report *report)
{
	const struct config_chain *config = change->wanted->config;
	const struct config_interface *wanted = &config->interfaces[index];
	struct chain_interface *interface = &change->interfaces[index];
	struct xslot_diag diag = {};
	int r;

	interface->name = strdup(wanted->name);
	if (!interface->name)
		return -ENOMEM;
	if (change->step->interfaces[index].action != PLAN_INTERFACE_ATTACH)
		return 0;
	r = netdev_attach(wanted->name, config->generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE,
		dispatcher_fd(change->chain->dispatcher), &interface->netdev, &diag);
	if (r == -ENODEV) { /* it vanished since the plan was made */
		xslot_diag_clear(&diag);
		return 0;
	}
	return r < 0 ? report_take(report, wanted->place.file, wanted->place.line, &diag) : 0;
}

int change_attach(struct change *change, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < change->wanted->config->n_interfaces; i++) {
		if (attach_one(change, i, report) < 0)
			result = -EINVAL;
	}
	return result;
}

static void interfaces_free(struct chain_interface *interfaces, size_t n)
{
	for (size_t i = 0; interfaces && i < n; i++) {
		netdev_detach(interfaces[i].netdev);
		free(interfaces[i].name);
	}
	free(interfaces);
}

void change_rollback(struct change *change)
{
	if (!change->step)
		return;
	interfaces_free(change->interfaces, change->wanted->config->n_interfaces);
	change->interfaces = NULL;
	for (size_t i = 0; i < change->n_next; i++) {
		if (change->step->slots[i].action == PLAN_SLOT_KEEP)
			continue;
		xslot_link_close(change->next[i].link);
		occupant_unref(change->next[i].occupant);
	}
	change->n_next = 0;
	if (change->created)
		chain_free(change->chain);
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
		context_settle(&change->chain->slots[i].occupant->context, old->instance,
			old->plugin->state_version);
	}
}

void change_release(struct change *change)
{
	for (size_t i = 0; i < change->n_old; i++) {
		if (change_keeps(change, i))
			continue;
		xslot_link_close(change->old[i].link);
		occupant_unref(change->old[i].occupant);
	}
	change->n_old = 0;
	interfaces_free(change->old_interfaces, change->n_old_interfaces);
	change->old_interfaces = NULL;
}
