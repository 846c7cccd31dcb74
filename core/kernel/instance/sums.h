/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Counters with one copy for each CPU. */
#ifndef KERNEL_INSTANCE_SUMS_H
#define KERNEL_INSTANCE_SUMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The map's value at `key`: `n` numbers of 64 bits, of a per-CPU map the sums of all CPUs. -ENOENT: no such
 * entry; -EINVAL: its values are not `n` numbers; -ENOMEM, or what the kernel reports.
 */
int sums_read(int map_fd, const void *key, uint64_t *ret_sums, size_t n);

#endif
