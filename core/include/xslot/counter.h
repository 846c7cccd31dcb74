/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The user-space side of XSLOT_COUNTERS (<xslot/slot.bpf.h>). Link the plugin with libbpf. */
#ifndef XSLOT_COUNTER_H
#define XSLOT_COUNTER_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <xslot/plugin.h>

/*
 * One row of the counters `map`, the sum of all CPUs. For status, settle and watches; not for start, which
 * has no access to state. -ENOENT if there is no such map or row.
 */
static inline int xslot_counter(
	struct xslot_context *context, const char *map, uint32_t row, uint64_t *ret_number)
{
	int fd = xslot_map_fd(context, map), n_cpus = libbpf_num_possible_cpus(), r;
	uint64_t *cpus, sum = 0;

	if (fd < 0 || n_cpus < 0)
		return fd < 0 ? fd : n_cpus;
	cpus = (uint64_t *)calloc((size_t)n_cpus, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	r = bpf_map_lookup_elem(fd, &row, cpus);
	for (int i = 0; i < n_cpus; i++)
		sum += cpus[i];
	free(cpus);
	if (r == 0)
		*ret_number = sum;
	return r;
}

#endif
