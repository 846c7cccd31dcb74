/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The manifest is written before the store, as with every change: see store.c. */
#include "host/chain/generation.h"

#include "host/chain/store.h"
#include "kernel/dispatcher/layout.h"

/*
 * A fused program counts for the generation that it was made for. Only bypass puts another generation in its
 * place and keeps it, the next one: so that the chain runs it again, the numbers continue at its parity.
 */
static uint32_t next_id(const struct chain *chain, const struct xslot_generation *next)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	bool again = running->fused && !running->count && next->fused && next->count;

	return running->id + (again ? dispatcher_layout(chain->dispatcher)->generations - 1 : 1);
}

int generation_swap(struct chain *chain, const struct xslot_generation *generation, struct xslot_diag *diag)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	struct xslot_generation next = *generation;
	int r;

	chain_refresh(chain);
	next.id = next_id(chain, generation);
	store_record(chain, running->id, chain->slots, chain->n_slots);
	store_record(chain, next.id, chain->slots, chain->n_slots);
	r = store_write(chain, diag);
	if (r < 0)
		return r;
	dispatcher_prepare(chain->dispatcher, &next);
	dispatcher_swap(chain->dispatcher);
	return 0;
}

void generation_settle(struct chain *chain)
{
	const struct xslot_generation *old = dispatcher_idle(chain->dispatcher);
	struct manifest_count *counts[XSLOT_MAX_SLOTS];

	for (size_t i = 0; i < chain->n_slots; i++)
		counts[i] = &chain->slots[i].count;
	chain_fold(chain, dispatcher_parity(chain->dispatcher, old->id), &chain->manifest.total, old->count,
		counts);
	store_running(chain);
}
