/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A compiler gives a function one exit, to which all its returns jump, most of them with a constant in a
 * register. A verdict that is known at the jump needs no test behind the exit, so the jump can go to that
 * verdict's code directly.
 *
 * Constants are followed along straight code, forgotten at the target of a jump, and carried over a jump to
 * code that only moves registers and exits. The kernel refuses unreachable code: where the verdict of every
 * way to an exit is known, one of them keeps using it.
 */
#include "kernel/fuse/ways.h"

#include "kernel/fuse/insn.h"

#define REGISTERS 11
#define MOVES_MAX 8 /* between a jump and its exit */

/* The lower half of each register, as far as it is known. */
struct constants {
	struct {
		bool known;
		uint32_t value;
	} of[REGISTERS];
};

static void forget(struct constants *constants, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		constants->of[i].known = false;
}

/* One that may lead elsewhere. */
static bool is_plain_jump(const struct bpf_insn *insn)
{
	return fuse_is_jump(insn) && insn->code != FUSE_JUMP_FAR && BPF_OP(insn->code) <= BPF_JSLE;
}

static bool ends_here(const struct bpf_insn *insn)
{
	return insn->code == FUSE_EXIT || insn->code == FUSE_JUMP || insn->code == FUSE_JUMP_FAR;
}

/* A copy of a register or a constant, of which only the lower half counts. */
static bool is_move(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code);

	return (class == BPF_ALU || class == BPF_ALU64) && BPF_OP(insn->code) == BPF_MOV && !insn->off;
}

static void move(struct constants *constants, const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_X) {
		constants->of[insn->dst_reg] = constants->of[insn->src_reg];
		return;
	}
	constants->of[insn->dst_reg].known = true;
	constants->of[insn->dst_reg].value = (uint32_t)insn->imm;
}

static void step(struct constants *constants, const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code);

	if (is_move(insn)) {
		move(constants, insn);
	} else if (class == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC) {
		forget(constants, 0, 0); /* compare and exchange */
		forget(constants, insn->src_reg, insn->src_reg);
		forget(constants, insn->dst_reg, insn->dst_reg);
	} else if (class == BPF_LD && insn->code != FUSE_LOAD_64) {
		forget(constants, 0, 5);
	} else if (class != BPF_JMP && class != BPF_JMP32 && class != BPF_ST && class != BPF_STX) {
		forget(constants, insn->dst_reg, insn->dst_reg);
	} else if (insn->code == (BPF_JMP | BPF_CALL)) {
		forget(constants, 0, 5);
	} else if (ends_here(insn)) {
		forget(constants, 0, REGISTERS - 1);
	}
}

/* Does what begins at `at` only move registers until it exits, and is the verdict known then? */
static bool follow(
	const struct bpf_insn *insns, size_t n, size_t at, struct constants constants, uint32_t *ret_verdict)
{
	for (int i = 0; at < n && i < MOVES_MAX; i++) {
		const struct bpf_insn *insn = &insns[at];

		if (insn->code == FUSE_EXIT) {
			*ret_verdict = constants.of[0].value;
			return constants.of[0].known;
		}
		if (is_move(insn))
			move(&constants, insn);
		else if (insn->code != FUSE_JUMP)
			return false;
		at = insn->code == FUSE_JUMP ? fuse_jump_target(insns, at) : at + 1;
	}
	return false;
}

/* The labels that are left by the jumps that are. */
static void set_labels(const struct bpf_insn *insns, size_t n, struct fuse_way *ways)
{
	for (size_t i = 0; i < n; i++)
		ways[i].label = false;
	for (size_t i = 0; i < n; i++) {
		if (fuse_is_jump(&insns[i]) && !ways[i].known && fuse_jump_target(insns, i) < n)
			ways[fuse_jump_target(insns, i)].label = true;
		i += insns[i].code == FUSE_LOAD_64;
	}
}

/* Jumps, or when all of these are found, exits. */
static void find(const struct bpf_insn *insns, size_t n, bool exits, struct fuse_way *ways)
{
	struct constants constants = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *insn = &insns[i];

		if (ways[i].label)
			forget(&constants, 0, REGISTERS - 1);
		if (exits ? insn->code == FUSE_EXIT : is_plain_jump(insn))
			ways[i].known = follow(insns, n, exits ? i : fuse_jump_target(insns, i), constants,
				&ways[i].verdict);
		step(&constants, insn);
		i += insn->code == FUSE_LOAD_64;
	}
}

/* Let each instruction that known jumps lead to have one more way to it. */
static void keep_reachable(const struct bpf_insn *insns, size_t n, struct fuse_way *ways)
{
	set_labels(insns, n, ways);
	for (size_t i = 0; i < n; i++) {
		size_t target = ways[i].known ? fuse_jump_target(insns, i) : 0;

		/* The second half of an instruction has code 0, and goes on. */
		if (target > 0 && !ways[target].label && ends_here(&insns[target - 1])) {
			ways[i].known = false;
			ways[target].label = true;
		}
		i += insns[i].code == FUSE_LOAD_64;
	}
}

static bool sets_verdict(const struct bpf_insn *insn)
{
	return is_move(insn) && BPF_SRC(insn->code) == BPF_K && insn->dst_reg == BPF_REG_0;
}

void fuse_ways_find(const struct bpf_insn *insns, size_t n, struct fuse_way *ret_ways)
{
	set_labels(insns, n, ret_ways);
	find(insns, n, false, ret_ways);
	keep_reachable(insns, n, ret_ways);
	find(insns, n, true, ret_ways);
	for (size_t i = 1; i < n; i++)
		ret_ways[i].alone = ret_ways[i].known && ends_here(&insns[i]) && sets_verdict(&insns[i - 1]);
}
