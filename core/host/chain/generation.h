/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A generation of its own: the same slots, run in another way. Loop thread; a grace period between two of
 * them.
 */
#ifndef HOST_CHAIN_GENERATION_H
#define HOST_CHAIN_GENERATION_H

#include "host/chain/chain.h"
#include "util/thread_role.h"

/*
 * Make `generation`, whose id is set here, the one that packets use. On failure nothing has changed; what the
 * manifest says of the chain beside its slots is the caller's to change and to restore.
 */
int generation_swap(struct chain *chain, const struct xslot_generation *generation, struct xslot_diag *diag)
	ON_LOOP;

/* No packet uses the one before any more: its last counts are in. */
void generation_settle(struct chain *chain) ON_LOOP;

#endif
