/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The types of a fused chain, the type of each function, and its source lines. */
#ifndef KERNEL_FUSE_BTF_H
#define KERNEL_FUSE_BTF_H

#include <linux/bpf.h>
#include <stddef.h>

#include "kernel/fuse/code.h"

struct btf;

/* `functions` has as many records as the code has functions. */
struct fuse_types {
	struct btf *btf;
	struct bpf_func_info *functions;
	struct bpf_line_info *lines;
	size_t n_lines;
};

int fuse_types_build(const struct fuse_part *parts, size_t n_parts, const struct fuse_code *code,
	struct fuse_types *ret_types, struct xslot_diag *diag);
void fuse_types_deinit(struct fuse_types *types);

#endif
