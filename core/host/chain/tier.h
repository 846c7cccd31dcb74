/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Slots or fused: a chain always goes live as slots, and is fused afterwards, by a task of its own
 * (loop/fusing.h). L: loop thread. W: worker thread.
 */
#ifndef HOST_CHAIN_TIER_H
#define HOST_CHAIN_TIER_H

#include <stdbool.h>

#include "host/chain/chain.h"
#include "util/thread_role.h"

/* A fused program, until it is the chain's. */
struct tier_attempt {
	struct chain *chain;
	struct xslot_link *link;
	uint32_t stub; /* XSLOT_FUSED_* */
	uint32_t instructions;
	int result; /* 0, or -errno and why in diag */
	struct xslot_diag diag;
};

/* L: what the files say about the chain. `never`: it is not fused whatever they say. */
void tier_want(struct chain *chain, const struct config_chain *config, bool never) ON_LOOP;

/* L: is there something to do? */
bool tier_is_to_be_fused(const struct chain *chain);
bool tier_is_to_be_parted(const struct chain *chain);

/* W: make what fuses attempt->chain, which nobody changes meanwhile, and put it into a stub. */
void tier_make(struct tier_attempt *attempt) ON_WORKER;
/* L: packets meet it from now on, or attempt->result says why not, which is logged. The link is the chain's.
 */
void tier_go_live(struct tier_attempt *attempt) ON_LOOP;
void tier_attempt_free(struct tier_attempt *attempt); /* accepts NULL */

/* L: packets meet slots from now on. */
int tier_part(struct chain *chain, struct xslot_diag *diag) ON_LOOP;

/* L: do packets meet the fused program? */
bool tier_is_fused(const struct chain *chain);
/* L: why packets meet slots; "" when they do not, or will not for long. Valid until the next task. */
const char *tier_why_slots(const struct chain *chain);

/* W, after a grace period: release a fused program that packets do not reach any more. */
void tier_drop(struct chain *chain) ON_WORKER;

/*
 * W: a chain from bpffs, whose generation and slots are known, with its fused program if it runs one.
 * `only_look`: pins that are left over stay.
 */
int tier_adopt(struct chain *chain, bool only_look, struct xslot_diag *diag) ON_WORKER;

#endif
