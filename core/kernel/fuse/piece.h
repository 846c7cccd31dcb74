/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The analysis of one part of a fused chain: where its functions are, and which verdicts its exits have. */
#ifndef KERNEL_FUSE_PIECE_H
#define KERNEL_FUSE_PIECE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "kernel/fuse/code.h"
#include "kernel/fuse/insn.h"
#include "kernel/fuse/ways.h"

struct fuse_piece {
	const struct fuse_part *part;
	uint32_t proceed;      /* as in struct xslot_generation, of valid actions only */
	uint8_t *marks;	       /* by instruction */
	size_t n_main;	       /* instructions before the first subprogram */
	struct fuse_way *ways; /* … by instruction */
	bool tail_calls;       /* it may leave by other ways than its exits */
	bool apart;	       /* a function of its own, that is called */
	bool known;	       /* a way out whose verdict is known leads on: see fuse_piece_knows() */
	bool tested;	       /* an exit's verdict is not known */
	uint32_t results;      /* bit by outcome: a way out is known to end the chain with it */
};

/* -EOPNOTSUPP: cannot be part of a fused chain. */
int fuse_piece_init(
	struct fuse_piece *piece, const struct fuse_part *part, uint32_t proceed, struct xslot_diag *diag);
void fuse_piece_deinit(struct fuse_piece *piece);

/* Let it be called: what tail-calls is so from the beginning. */
void fuse_piece_set_apart(struct fuse_piece *piece);

bool fuse_piece_is_subprogram(const struct fuse_piece *piece, size_t at);
bool fuse_piece_is_target(const struct fuse_piece *piece, size_t at); /* of a jump or a call */
bool fuse_refers_to_subprogram(const struct bpf_insn *insn);

/* Is this exit or jump of the body a way out whose verdict is known? NULL when not. */
const struct fuse_way *fuse_piece_knows(const struct fuse_piece *piece, size_t at);
bool fuse_piece_goes_on(const struct fuse_piece *piece, uint32_t verdict);

/* XSLOT_OUTCOME_*, or the action, whatever the reason. */
uint32_t fuse_outcome(uint32_t verdict);

#endif
