/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See fuse_code.c for what is made of it. */
#include "kernel/fuse_piece.h"

#include <errno.h>
#include <stdlib.h>
#include <xslot/slots.h>

#include "util/diag.h"

#define MARK_SUBPROGRAM 1 /* one begins here */
#define MARK_TARGET 2	  /* a jump leads here */

#define JUMP_FAR (BPF_JMP32 | BPF_JA) /* Linux 6.6: the distance is `imm` */

#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

void fuse_piece_deinit(struct fuse_piece *piece)
{
	free(piece->marks);
	piece->marks = NULL;
}

bool fuse_refers_to_subprogram(const struct bpf_insn *insn)
{
	return (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL) ||
	       (insn->code == FUSE_LOAD_64 && insn->src_reg == BPF_PSEUDO_FUNC);
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

static bool is_tail_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm == BPF_FUNC_tail_call;
}

static int check_insn(const struct fuse_part *part, const struct bpf_insn *insn, struct xslot_diag *diag)
{
	if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off)
		return fail(diag, -EOPNOTSUPP, "%s calls a function of a kernel module", part->name);
	if (insn->code == FUSE_LOAD_64 && insn->src_reg >= BPF_PSEUDO_MAP_IDX)
		return fail(
			diag, -EOPNOTSUPP, "%s does not refer to its maps by file descriptor", part->name);
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
	} else if (is_jump(insn)) {
		mark = MARK_TARGET;
		target += insn->code == JUMP_FAR ? insn->imm : insn->off;
	} else {
		return 0;
	}
	if (target < (mark == MARK_SUBPROGRAM) || target >= (long)part->n_insns)
		return fail(diag, -EOPNOTSUPP, "%s calls what is not in it", part->name);
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

uint32_t fuse_outcome(uint32_t verdict)
{
	if (verdict < XSLOT_ACTIONS)
		return verdict;
	return verdict == XSLOT_GAP ? XSLOT_OUTCOME_GAP : XSLOT_OUTCOME_BAD;
}

bool fuse_piece_goes_on(const struct fuse_piece *piece, uint32_t verdict)
{
	return verdict == XSLOT_NEXT || (verdict < XSLOT_ACTIONS && (piece->proceed >> verdict & 1));
}

static bool is_set_before(const struct fuse_piece *piece, size_t exit)
{
	const struct bpf_insn *set;

	if (!exit || fuse_piece_is_target(piece, exit))
		return false;
	set = &piece->part->insns[exit - 1];
	return set->dst_reg == BPF_REG_0 &&
	       (set->code == (BPF_ALU | BPF_MOV | BPF_K) || set->code == (BPF_ALU64 | BPF_MOV | BPF_K));
}

bool fuse_piece_knows(const struct fuse_piece *piece, size_t exit, uint32_t *ret_verdict)
{
	if (!piece->known || !is_set_before(piece, exit))
		return false;
	*ret_verdict = (uint32_t)piece->part->insns[exit - 1].imm;
	return true;
}

/*
 * The verifier refuses what no jump leads to. So a plugin that is known to end the chain at every exit keeps
 * a test, which has the rest of the chain for its other outcome.
 */
static void look_at_exits(struct fuse_piece *piece)
{
	const struct bpf_insn *insns = piece->part->insns;
	bool leads_on = false;
	uint32_t verdict;

	piece->known = true;
	for (size_t i = 0; i < piece->n_main; i++) {
		if (insns[i].code == FUSE_LOAD_64)
			i++;
		else if (insns[i].code != FUSE_EXIT)
			continue;
		else if (!fuse_piece_knows(piece, i, &verdict))
			piece->tested = true;
		else if (fuse_piece_goes_on(piece, verdict))
			leads_on = true;
		else
			piece->results |= 1U << fuse_outcome(verdict);
	}
	if (piece->tested || leads_on)
		return;
	piece->known = false;
	piece->tested = true;
	piece->results = 0;
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
	if (r == 0 && piece->tail_calls)
		fuse_piece_set_apart(piece);
	else if (r == 0)
		look_at_exits(piece);
	return r;
}
