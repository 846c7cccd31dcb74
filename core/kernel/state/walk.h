/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* All entries of a map, one by one, while others may write to it. */
#ifndef KERNEL_STATE_WALK_H
#define KERNEL_STATE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct bpf_map_info;

/* Can this kind of map be walked? Arrays, hashes and tries. */
bool walk_can(uint32_t type);

/* Has each of its entries a value for each CPU? */
bool walk_is_per_cpu(uint32_t type);

/* Bytes of what a look-up of one entry gives: all CPUs' values, where there are several. 0: not known. */
size_t walk_value_size(const struct bpf_map_info *info);

typedef int (*walk_fn)(void *data, const void *key, const void *value, struct xslot_diag *diag);

/*
 * Call `fn` for each entry that is there all the time; one that comes or goes meanwhile may be missing, or of
 * a trie be met twice. It ends whatever others write. `locked`: values have a spin lock. A failure of `fn`
 * ends the walk.
 */
int walk(int fd, const struct bpf_map_info *info, bool locked, walk_fn fn, void *data,
	struct xslot_diag *diag);

#endif
