/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See fuse/code.c for what is made of it. */
#include "kernel/fuse/piece.h"

#include <errno.h>
#include <stdlib.h>
#include <xslot/state.h>

#include "util/diag.h"

#define MARK_SUBPROGRAM 1 /* one begins here */
#define MARK_TARGET 2	  /* a jump leads here */

#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

void fuse_piece_deinit(struct fuse_piece *piece)
{
	free(piece->marks);
	free(piece->ways);
	piece->marks = NULL;
	piece->ways = NULL;
}

bool fuse_refers_to_subprogram(const struct bpf_insn *insn)
{
	return (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL) ||
	       (insn->code == FUSE_LOAD_64 && insn->src_reg == BPF_PSEUDO_FUNC);
}

static bool is_tail_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm == BPF_FUNC_tail_call;
}

/*
 * An adopted part's instructions come from a file: they need not be those that the verifier took, and the
 * code that reads them counts on registers that exist, and on whole instructions.
 */
static int check_insn(const struct fuse_part *part, const struct bpf_insn *insn, struct xslot_diag *diag)
{
	if (insn->dst_reg > BPF_REG_10 || insn->src_reg > BPF_REG_10 ||
		(insn->code == FUSE_LOAD_64 && insn + 1 == part->insns + part->n_insns))
		return fail(diag, -EOPNOTSUPP, "%s has an instruction that does not exist", part->name);
	if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off)
		return fail(diag, -EOPNOTSUPP, "%s calls a function of a kernel module", part->name);
	if (insn->code == FUSE_LOAD_64 && insn->src_reg >= BPF_PSEUDO_MAP_IDX)
		return fail(diag, -EOPNOTSUPP,
			"%s refers to its maps by something else than file descriptors", part->name);
	return 0;
}

static int mark_insn(struct fuse_piece *piece, size_t at, struct xslot_diag *diag)
{
	const struct fuse_part *part = piece->part;
	const struct bpf_insn *insn = &part->insns[at];
	uint8_t mark = MARK_SUBPROGRAM;
	long target = (long)at + 1;

	if (fuse_refers_to_subprogram(insn)) {
		target += insn->imm;
	} else if (fuse_is_jump(insn)) {
		mark = MARK_TARGET;
		target = (long)fuse_jump_target(part->insns, at);
	} else {
		return 0;
	}
	if (target < (mark == MARK_SUBPROGRAM) || target >= (long)part->n_insns)
		return fail(diag, -EOPNOTSUPP, "%s calls a function that it does not contain", part->name);
	piece->marks[target] |= mark;
	return 0;
}

static int mark(struct fuse_piece *piece, struct xslot_diag *diag)
{
	const struct fuse_part *part = piece->part;
	int r = 0;

	piece->marks = calloc(part->n_insns, sizeof(*piece->marks));
	if (!piece->marks)
		return fail(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < part->n_insns; i++) {
		r = check_insn(part, &part->insns[i], diag);
		piece->tail_calls = piece->tail_calls || is_tail_call(&part->insns[i]);
		if (r == 0)
			r = mark_insn(piece, i, diag);
		i += part->insns[i].code == FUSE_LOAD_64;
	}
	for (piece->n_main = 1;
		piece->n_main < part->n_insns && !fuse_piece_is_subprogram(piece, piece->n_main);)
		piece->n_main++;
	return r;
}

bool fuse_piece_is_subprogram(const struct fuse_piece *piece, size_t at)
{
	return piece->marks[at] & MARK_SUBPROGRAM;
}

bool fuse_piece_is_target(const struct fuse_piece *piece, size_t at)
{
	return piece->marks[at];
}

/* As in bpf/dispatcher.bpf.c. */
static uint32_t without_reason(uint32_t verdict)
{
	uint32_t action = verdict & 0xff;

	return verdict >> 24 == XSLOT_REASON_MARK && action < XSLOT_ACTIONS ? action : verdict;
}

uint32_t fuse_outcome(uint32_t verdict)
{
	verdict = without_reason(verdict);
	if (verdict < XSLOT_ACTIONS)
		return verdict;
	return verdict == XSLOT_GAP ? XSLOT_OUTCOME_GAP : XSLOT_OUTCOME_BAD;
}

bool fuse_piece_goes_on(const struct fuse_piece *piece, uint32_t verdict)
{
	verdict = without_reason(verdict);
	return verdict == XSLOT_NEXT || (verdict < XSLOT_ACTIONS && (piece->proceed >> verdict & 1));
}

const struct fuse_way *fuse_piece_knows(const struct fuse_piece *piece, size_t at)
{
	return piece->known && piece->ways[at].known ? &piece->ways[at] : NULL;
}

/*
 * The verifier refuses what no jump leads to. So a plugin that is known to end the chain whichever way it
 * leaves keeps a test, which has the rest of the chain for its other outcome.
 */
static int look_at_ways(struct fuse_piece *piece, struct xslot_diag *diag)
{
	const struct bpf_insn *insns = piece->part->insns;
	bool leads_on = false;

	piece->ways = calloc(piece->n_main, sizeof(*piece->ways));
	if (!piece->ways)
		return fail(diag, -ENOMEM, "out of memory");
	fuse_ways_find(insns, piece->n_main, piece->ways);
	for (size_t i = 0; i < piece->n_main; i++) {
		const struct fuse_way *way = &piece->ways[i];

		if (way->known && fuse_piece_goes_on(piece, way->verdict))
			leads_on = true;
		else if (way->known)
			piece->results |= 1U << fuse_outcome(way->verdict);
		else if (insns[i].code == FUSE_EXIT)
			piece->tested = true;
		i += insns[i].code == FUSE_LOAD_64;
	}
	piece->known = piece->tested || leads_on;
	if (!piece->known) {
		piece->tested = true;
		piece->results = 0;
	}
	return 0;
}

void fuse_piece_set_apart(struct fuse_piece *piece)
{
	piece->apart = piece->tested = true;
	piece->known = false;
	piece->results = 0;
}

int fuse_piece_init(
	struct fuse_piece *piece, const struct fuse_part *part, uint32_t proceed, struct xslot_diag *diag)
{
	int r;

	*piece = (struct fuse_piece){ .part = part, .proceed = proceed & ((1U << XSLOT_ACTIONS) - 1) };
	if (!part->n_insns)
		return fail(diag, -EOPNOTSUPP, "%s: its instructions are not known", part->name);
	r = mark(piece, diag);
	if (r == 0 && !piece->tail_calls)
		return look_at_ways(piece, diag);
	if (r == 0)
		fuse_piece_set_apart(piece);
	return r;
}
