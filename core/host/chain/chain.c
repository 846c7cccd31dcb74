/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The dispatcher counts each packet once, where it was decided. Since every packet passes the slots in order,
 * a slot has seen the total minus the packets that the slots before it decided. The kernel's counters only
 * ever rise and are never written by us: each fold adds the difference to the baseline.
 */
#include "host/chain/chain.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dispatcher/layout.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct chain *, chain_free);

struct chain *chain_alloc(const char *name)
{
	struct chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return NULL;
	snprintf(chain->name, sizeof(chain->name), "%s", name);
	chain->manifest_fd = chain->folder_fd = -1;
	chain->manifest.magic = MANIFEST_MAGIC;
	chain->manifest.layout = MANIFEST_LAYOUT;
	chain->manifest.next_instance = 1;
	return chain;
}

bool chain_is_namesake(const struct chain *chain)
{
	return chain->name[0] == '@';
}

int chain_new(const char *name, bool frags, struct chain **ret_chain, struct xslot_diag *diag)
{
	CLEANUP(chain_free) struct chain *chain = chain_alloc(name);
	int r;

	if (!chain)
		return fail(diag, -ENOMEM, "out of memory");
	chain->frags = frags;
	chain->final = XDP_PASS;
	r = dispatcher_load(frags, &chain->dispatcher, diag);
	if (r < 0)
		return r;
	chain->manifest.layout = dispatcher_layout(chain->dispatcher)->manifest;
	*ret_chain = TAKE_PTR(chain);
	return 0;
}

void chain_interfaces_free(struct chain_interface *interfaces, size_t n)
{
	for (size_t i = 0; interfaces && i < n; i++) {
		netdev_close(interfaces[i].netdev);
		free(interfaces[i].name);
		free(interfaces[i].refused);
	}
	free(interfaces);
}

void chain_stop(struct chain *chain)
{
	for (size_t i = 0; i < chain->n_slots; i++)
		if (chain->slots[i].occupant)
			occupant_stop(chain->slots[i].occupant);
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	chain_interfaces_free(chain->interfaces, chain->n_interfaces);
	for (size_t i = 0; i < chain->n_slots; i++) {
		xslot_link_close(chain->slots[i].link);
		occupant_unref(chain->slots[i].occupant);
	}
	xslot_link_close(chain->tier.link);
	dispatcher_free(chain->dispatcher);
	cleanup_close(&chain->manifest_fd);
	cleanup_close(&chain->folder_fd);
	free(chain->folder);
	free(chain);
}

int chain_add_interface(struct chain *chain, struct netdev *netdev)
{
	struct chain_interface *more =
		reallocarray(chain->interfaces, chain->n_interfaces + 1, sizeof(*chain->interfaces));

	if (!more)
		return -ENOMEM;
	chain->interfaces = more;
	more[chain->n_interfaces] = (struct chain_interface){
		.name = memory_copy(netdev_name(netdev)),
		.netdev = netdev,
	};
	chain->n_interfaces++;
	chain->generic = netdev_mode(netdev) == XDP_MODE_GENERIC;
	return 0;
}

struct chain_interface *chain_find_interface(const struct chain *chain, const char *name)
{
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		if (strcmp(chain->interfaces[i].name, name) == 0)
			return &chain->interfaces[i];
	}
	return NULL;
}

void chain_count_add(struct manifest_count *count, const struct manifest_count *more)
{
	count->seen += more->seen;
	count->proceeded += more->proceeded;
	for (size_t i = 0; i < XSLOT_OUTCOMES; i++)
		count->outcome[i] += more->outcome[i];
}

/* How many packets a decider decided; its outcomes are added to `count` and to the chain's total. */
static uint64_t fold_decider(
	const uint64_t delta[XSLOT_OUTCOMES], struct manifest_count *total, struct manifest_count *count)
{
	uint64_t decided = 0;

	for (size_t i = 0; i < XSLOT_OUTCOMES; i++) {
		decided += delta[i];
		total->outcome[i] += delta[i];
		if (count)
			count->outcome[i] += delta[i];
	}
	return decided;
}

/*
 * Add what packets of `parity` made of the dispatcher's counters since `baseline`, which then is up to date,
 * to `total` and to counts[position], which may be NULL, for the first n_slots.
 */
static void fold(const struct dispatcher *dispatcher, unsigned parity,
	uint64_t baseline[XSLOT_DECIDERS][XSLOT_OUTCOMES], struct manifest_count *total, size_t n_slots,
	struct manifest_count *const counts[])
{
	uint64_t raw[XSLOT_DECIDERS][XSLOT_OUTCOMES], delta[XSLOT_DECIDERS][XSLOT_OUTCOMES];
	uint64_t left = 0;

	dispatcher_count(dispatcher, parity, raw);
	for (size_t d = 0; d < XSLOT_DECIDERS; d++) {
		for (size_t o = 0; o < XSLOT_OUTCOMES; o++) {
			delta[d][o] = raw[d][o] - baseline[d][o];
			left += delta[d][o];
		}
	}
	memcpy(baseline, raw, sizeof(raw));
	total->seen += left;
	for (size_t d = 0; d < XSLOT_DECIDERS; d++) {
		struct manifest_count *count = d < n_slots ? counts[d] : NULL;
		uint64_t decided = fold_decider(delta[d], total, count);

		if (count) {
			count->seen += left;
			count->proceeded += left - decided;
		}
		left -= decided;
	}
}

void chain_fold(struct chain *chain, unsigned parity, struct manifest_count *total, size_t n_slots,
	struct manifest_count *const counts[])
{
	fold(chain->dispatcher, parity, chain->manifest.baseline[parity], total, n_slots, counts);
}

void chain_refresh(struct chain *chain)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	struct manifest_count *counts[XSLOT_MAX_SLOTS];

	for (size_t i = 0; i < chain->n_slots; i++)
		counts[i] = &chain->slots[i].count;
	chain_fold(chain, dispatcher_parity(chain->dispatcher, running->id), &chain->manifest.total,
		running->count, counts);
}

bool chain_replaces(const struct chain *chain, const struct chain *other)
{
	return chain->manifest.previous == dispatcher_program_id(other->dispatcher);
}

void chain_fold_previous(struct chain *chain, const struct chain *previous)
{
	const struct xslot_generation *last = dispatcher_running(previous->dispatcher);
	struct manifest_count *counts[XSLOT_MAX_SLOTS] = {};
	unsigned parity = dispatcher_parity(previous->dispatcher, last->id);

	for (size_t i = 0; i < chain->n_slots; i++) {
		uint32_t position = chain->slots[i].previous;

		if (position > 0 && position <= XSLOT_MAX_SLOTS)
			counts[position - 1] = &chain->slots[i].count;
	}
	fold(previous->dispatcher, parity, chain->manifest.previous_baseline[parity], &chain->manifest.total,
		last->count, counts);
}
