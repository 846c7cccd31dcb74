/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel's side of acl: filling the tables of an instance, and reading its counters. All return 0 or
 * -errno.
 */
#ifndef ACL_TABLES_H
#define ACL_TABLES_H

#include "flatten.h"

/* Fill the (empty) config maps. -ENOENT when the BPF object lacks one. */
int tables_fill(struct xslot_context *context, const struct flat *flat);

struct hit {
	uint64_t key;
	uint64_t packets; /* of all CPUs */
};

/* All counters that exist, in no order, that of removed rules included. Caller frees. */
int hits_read(struct xslot_context *context, struct hit **ret_hits, size_t *ret_n);
/* Remove the counters of rules that are gone; what they held goes on to ACL_RETIRED, so that no sum falls. */
int hits_prune(struct xslot_context *context, const struct rules *rules);

int totals_read(struct xslot_context *context, uint64_t totals[ACL_TOTALS]);

#endif
