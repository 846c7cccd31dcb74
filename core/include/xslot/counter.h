/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The user-space side of XSLOT_COUNTERS (<xslot/slot.bpf.h>), and of other maps with a copy for each CPU. */
#ifndef XSLOT_COUNTER_H
#define XSLOT_COUNTER_H

#include <xslot/plugin.h>

/*
 * The value at `key` in `map`, whose values are `n` numbers of 64 bits: of a per-CPU map the sums of all
 * CPUs. The host looks it up, so the plugin does not need libbpf. For status, settle and watches; not for
 * start, which has no access to state. -ENOENT if there is no such map or key; -EINVAL if its values are not
 * `n` numbers.
 */
static inline int xslot_sum(
	struct xslot_context *context, const char *map, const void *key, uint64_t *ret_sums, size_t n)
{
	return context->host->sum(context, map, key, ret_sums, n);
}

/* One row of the counters `map`. */
static inline int xslot_counter(
	struct xslot_context *context, const char *map, uint32_t row, uint64_t *ret_number)
{
	return xslot_sum(context, map, &row, ret_number, 1);
}

#endif
