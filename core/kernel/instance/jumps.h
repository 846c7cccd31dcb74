/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Program arrays that the configuration fills: which program of the object is called at which index. */
#ifndef KERNEL_INSTANCE_JUMPS_H
#define KERNEL_INSTANCE_JUMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct bpf_map;
struct bpf_object;
struct bpf_program;

struct jump {
	const struct bpf_map *map;
	uint32_t index;
	const struct bpf_program *program;
};

struct jumps {
	struct jump *jumps;
	size_t n;
};

/*
 * Before load: add what `text` says of `map`, "PROGRAM" or "INDEX:PROGRAM" with commas between; an index that
 * is not given is the one after the last. A program that is named will be loaded; `frags` as the chain has
 * it. -EINVAL, -ENOENT.
 */
int jumps_add(struct jumps *jumps, const struct bpf_object *object, const struct bpf_map *map,
	const char *text, bool frags, struct xslot_diag *diag);
/* Before load: one more, whatever program it is. -EINVAL when its index is given already. */
int jumps_append(struct jumps *jumps, const struct jump *jump, struct xslot_diag *diag);
/* After load: into the kernel. */
int jumps_fill(const struct jumps *jumps, struct xslot_diag *diag);
void jumps_clear(struct jumps *jumps);

#endif
