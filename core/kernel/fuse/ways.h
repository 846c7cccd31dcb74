/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The exits and jumps of a program whose verdict is known in advance. */
#ifndef KERNEL_FUSE_WAYS_H
#define KERNEL_FUSE_WAYS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an instruction leaves the program, or jumps to where that happens and nothing else. */
struct fuse_way {
	bool known;
	bool alone;	  /* the instruction before it sets the verdict, for nobody else */
	bool label;	  /* a jump leads here, one that is no such way */
	uint32_t verdict; /* if known */
};

/*
 * `insns` is a body without subprograms. `ret_ways` has one element for each instruction, and is to be zeroed
 * before: `known` is set at exits, and at jumps that may lead to where the verdict does instead. When all of
 * them do, each instruction can still be reached.
 */
void fuse_ways_find(const struct bpf_insn *insns, size_t n, struct fuse_way *ret_ways);

#endif
