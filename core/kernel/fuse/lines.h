/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The source line of each instruction of a fused chain, as the kernel and bpftool show it. */
#ifndef KERNEL_FUSE_LINES_H
#define KERNEL_FUSE_LINES_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/state.h>

#include "kernel/fuse/code.h"

struct btf;

/* One part's lines; insn_off counts in the part, and is in order. */
struct fuse_source {
	struct bpf_line_info *lines;
	size_t n_lines;
};

struct fuse_lines {
	struct btf *btf; /* the fused chain's, not owned: the lines' text is added to it */
	struct fuse_source sources[XSLOT_MAX_SLOTS];
	size_t n_sources;
};

/*
 * The next part's lines from its object. It has the `n` functions besides its main program; ids[] are the
 * BTF ids of all, the main program's first, 0 where not known: that function's lines are then not known
 * either. An object without lines is no error. -ENOMEM.
 */
int fuse_lines_read(struct fuse_lines *lines, const struct fuse_part *part,
	const struct fuse_function *functions, size_t n, const uint32_t *ids);

/*
 * The lines of all: the parts', and where the code is the fused chain's own, or not known to come from
 * anywhere, one that says what it does, of file "xslot". As the kernel demands, in order and with one at each
 * function's start. The array is the caller's. -ENOMEM.
 */
int fuse_lines_build(struct fuse_lines *lines, const struct fuse_part *parts, const struct fuse_code *code,
	struct bpf_line_info **ret_lines, size_t *ret_n);

void fuse_lines_deinit(struct fuse_lines *lines);

#endif
