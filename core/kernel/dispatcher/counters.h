/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A dispatcher's counters: the dispatcher and the fused programs write them, user space reads them. */
#ifndef KERNEL_DISPATCHER_COUNTERS_H
#define KERNEL_DISPATCHER_COUNTERS_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>
#include <xslot/state.h>

#define COUNTERS_CELLS (XSLOT_DECIDERS * XSLOT_OUTCOMES) /* of one parity, in a row */

/* fd -1 and cells NULL: none yet. */
struct counters {
	int fd;
	uint32_t n_rows;       /* a power of two, one for each possible CPU at least */
	uint32_t parities;     /* of generations: a power of two */
	const uint64_t *cells; /* by row, parity, decider, outcome */
};

/* A power of two, one for each possible CPU at least. */
int counters_count_rows(uint32_t *ret_rows, struct xslot_diag *diag);
size_t counters_row_size(const struct counters *counters); /* in bytes */

/* -ENOMEM, or what the kernel says. */
int counters_create(uint32_t parities, struct counters *ret_counters, struct xslot_diag *diag);

/* Take over a map that `name` stands for; the fd becomes ours. -EINVAL: it is not one of this machine's. */
int counters_open(
	int fd, const char *name, uint32_t parities, struct counters *ret_counters, struct xslot_diag *diag);

void counters_close(struct counters *counters);

/* Those of generations with this parity, summed over CPUs, raw: they only ever rise. Any thread. */
void counters_sum(
	const struct counters *counters, unsigned parity, uint64_t ret_cells[XSLOT_DECIDERS][XSLOT_OUTCOMES]);

#endif
