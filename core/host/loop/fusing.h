/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Slots or fused: a chain always goes live as slots, and is fused afterwards, by a task of its own. L: loop
 * thread. W: worker thread.
 */
#ifndef HOST_LOOP_FUSING_H
#define HOST_LOOP_FUSING_H

#include <stdbool.h>

#include "host/chain/chain.h"

struct host;
struct tier_attempt;

/* L: what the files say about each chain. */
void tier_want(struct host *host, const struct config *config);

/* L, at the end of a task: queue one for each chain that is to be fused, or no longer. */
void tier_queue(struct host *host);

/* L: do packets meet the fused program? */
bool tier_is_fused(const struct chain *chain);
/* L: why packets meet slots; "" when they do not, or will not for long. Valid until the next task. */
const char *tier_why_slots(const struct chain *chain);

/* W, after a grace period: let go of a fused program that packets do not reach any more. */
void tier_drop(struct chain *chain);

/*
 * W: a chain from bpffs, whose generation and slots are known, with its fused program if it runs one.
 * `only_look`: pins that are left over stay.
 */
int tier_adopt(struct chain *chain, bool only_look, struct xslot_diag *diag);

/* L, the worker is gone: what it was at when the host was told to stop. */
void tier_abandon(struct host *host);

#endif
