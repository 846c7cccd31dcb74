/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The entries of one map into another one that differs only in how many it has room for. In two steps, since
 * packets write to the old map until its successor is live, and to the new one from then on.
 */
#ifndef KERNEL_STATE_COPY_H
#define KERNEL_STATE_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/state/marks.h"

struct copy;

struct copy_options {
	int from, to;		  /* file descriptors of this call */
	enum marks_resize resize; /* RESIZE_COPY or RESIZE_ADD */
	bool locked;		  /* values have a spin lock */
};

/* Entries, and what became of them: nothing is left out silently. */
struct copy_counts {
	uint64_t copied;
	uint64_t left_out; /* there is no room */
};

/*
 * Before packets reach `to`: copy what is there. What was copied is remembered in memory: -E2BIG when that
 * would be more than 256 MiB.
 */
int copy_begin(const struct copy_options *options, struct copy **ret_copy, struct copy_counts *ret_counts,
	struct xslot_diag *diag);

/*
 * When `from` is final: the entries that it got since then, and with RESIZE_ADD all that was added to the
 * others. RESIZE_COPY leaves an entry alone that was copied before: it belongs to the new program.
 */
int copy_finish(struct copy *copy, const struct copy_options *options, struct copy_counts *ret_counts,
	struct xslot_diag *diag);

void copy_free(struct copy *copy); /* accepts NULL */

#endif
