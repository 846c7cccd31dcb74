/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* How many bytes of its stack frame a program uses. */
#ifndef KERNEL_FUSE_STACK_H
#define KERNEL_FUSE_STACK_H

#include <linux/bpf.h>
#include <stddef.h>

/*
 * The deepest byte of its stack frame that the body (insns without subprograms) is seen to use, 0 to 512, as
 * a distance from the frame pointer; more than 512 when it is not seen. Offsets that are not constant do not
 * count. -ENOMEM.
 */
int fuse_stack_depth(const struct bpf_insn *insns, size_t n);

#endif
