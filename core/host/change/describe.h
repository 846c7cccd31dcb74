/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plan in words: one line for each thing that changes, as log and CLI show it. */
#ifndef HOST_CHANGE_DESCRIBE_H
#define HOST_CHANGE_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/chain/chain.h"
#include "host/change/change.h"
#include "host/plan/plan.h"
#include "host/plan/setup.h"

struct lines {
	char **line;
	size_t n;
	bool beside; /* what runs is another process's: of what was adopted only the pins are known */
};

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
void lines_clear(struct lines *lines);

#endif
