/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The reads of a fused chain's parts from memory that can never change: above all, parameters. */
#ifndef KERNEL_FUSE_CONSTANTS_H
#define KERNEL_FUSE_CONSTANTS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/fuse/piece.h"

/* A map of one value, and the value if neither programs nor user space can write it any more. */
struct fuse_constant_map {
	int fd;
	size_t size; /* 0: it can be written */
	void *bytes;
	bool gathered;
	size_t offset; /* of its bytes in the map of all that are gathered */
};

struct fuse_constants {
	struct fuse_constant_map *maps;
	size_t n_maps;
};

/* Read those maps that the parts refer to. -ENOMEM; a map that cannot be read is left out. */
int fuse_constants_read(const struct fuse_part *parts, size_t n_parts, struct fuse_constants *ret_constants);
void fuse_constants_deinit(struct fuse_constants *constants);

/*
 * `insns` is a copy of the piece's instructions from number `first` on: where these load from such a map,
 * make them set the value. Pure; no instruction moves.
 */
void fuse_constants_apply(const struct fuse_constants *constants, const struct fuse_piece *piece,
	size_t first, struct bpf_insn *insns, size_t n);

/*
 * What is left of them, when several are: one map that holds them all, frozen too, and `insns`, a whole
 * program, with its address in place of theirs. `ret_fd`: the map's, for the caller to close when the program
 * is loaded; not set when there was nothing to gather.
 */
int fuse_constants_gather(struct fuse_constants *constants, struct bpf_insn *insns, size_t n, int *ret_fd,
	struct xslot_diag *diag);

#endif
