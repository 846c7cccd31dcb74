/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A fused chain: one extension program that does what all plugins of a chain do in their slots, without the
 * calls. It fills one of the dispatcher's fused stubs, and a generation's `fused` chooses it.
 */
#ifndef KERNEL_FUSE_FUSE_H
#define KERNEL_FUSE_FUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/dispatcher/dispatcher.h"
#include "kernel/fuse/code.h"

struct fused;
struct xslot_link;

/*
 * Fuse, verify and load for a stub of the dispatcher, XSLOT_FUSED_A and on; or, when `dispatcher` is NULL, as
 * an XDP program of its own that counts for nobody, to measure or verify where the kernel refuses extensions.
 * The parts may go afterwards. One long system call: any thread. Errors: -EOPNOTSUPP when these programs
 * cannot be fused; else the kernel's. The sentence is a reason: "edge.10 throws exceptions".
 */
int fused_load(const struct fuse_options *options, const struct dispatcher *dispatcher, uint32_t stub,
	struct fused **ret_fused, struct xslot_diag *diag);
void fused_free(struct fused *fused); /* accepts NULL */

/* Can as many maps be in one program? Before more parts are opened: -E2BIG, as fused_load() says it. */
int fuse_check_maps(const struct fuse_part *parts, size_t n_parts, struct xslot_diag *diag);

/* Fill the stub that it was loaded for, which packets do not reach. As instance_place(). */
int fused_place(const struct fused *fused, struct xslot_link **ret_link, struct xslot_diag *diag);

int fused_fd(const struct fused *fused);
size_t fused_instructions(const struct fused *fused); /* BPF's, before verification */

/* How many instructions the kernel made of a program, 0 when it does not tell. */
uint32_t fused_verified_instructions(int program_fd);

#endif
