/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plan in words: one line for each thing that changes, as log and CLI show it. */
#ifndef HOST_CHANGE_DESCRIBE_H
#define HOST_CHANGE_DESCRIBE_H

#include <stddef.h>

#include "host/chain/chain.h"
#include "host/change/change.h"
#include "host/change/lines.h"
#include "host/plan/plan.h"
#include "host/plan/setup.h"

/* Appends to `ret_lines`. */
int describe_plan(struct chain *const *running, const struct setup *setup, const struct plan *plan,
	struct lines *ret_lines);
/*
 * What the files say otherwise about fusing than those that `running` (NULL: none) was made of. No step of a
 * plan does it, the tier follows afterwards; but a plan is not `unchanged` then.
 */
void describe_fuse(
	const struct setup *running, const struct setup *setup, struct plan *plan, struct lines *ret_lines);
/* Whose interfaces were claimed: before the claims are committed. */
void describe_taken(const struct change *change, struct lines *ret_lines);

/* Parts of describe_plan(): a wanted chain's, and those of running chain `index` that no wanted chain has. */
void describe_interfaces(struct chain *const *running, const struct config_chain *config,
	const struct plan_chain_step *step, struct lines *ret_lines);
void describe_detached(struct chain *const *running, size_t index, const struct setup *setup,
	const struct plan *plan, struct lines *ret_lines);

/* W: the same of a lenient change, when it has attached: logged, since nobody asked for it. */
void describe_unasked(const struct change *change, struct chain *const *running) ON_WORKER;

#endif
