/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel copies all CPUs' values of one key with one system call, but only for CPUs that it knows as
 * possible; libbpf reads how many those are.
 */
#include "kernel/instance/sums.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "kernel/state/walk.h"
#include "util/cleanup.h"

int sums_read(int map_fd, const void *key, uint64_t *ret_sums, size_t n)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	CLEANUP(free) uint64_t *copies = NULL;
	int n_copies = 1, r;

	r = bpf_obj_get_info_by_fd(map_fd, &info, &size);
	if (r < 0)
		return r;
	if (n == 0 || info.value_size != n * sizeof(*copies))
		return -EINVAL;
	if (walk_is_per_cpu(info.type))
		n_copies = libbpf_num_possible_cpus();
	if (n_copies < 0)
		return n_copies;
	copies = calloc((size_t)n_copies * n, sizeof(*copies));
	if (!copies)
		return -ENOMEM;
	r = bpf_map_lookup_elem(map_fd, key, copies);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		ret_sums[i] = 0;
		for (size_t copy = 0; copy < (size_t)n_copies; copy++)
			ret_sums[i] += copies[copy * n + i];
	}
	return 0;
}
