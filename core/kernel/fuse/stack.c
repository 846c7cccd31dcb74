/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How deep does a program use its stack frame? The verifier knows, but does not report it. So this code
 * follows the copies of the frame pointer forwards through the code until nothing changes any more: for each
 * instruction and register it finds the lowest offset from the frame pointer that the register may hold
 * there. A pointer that was spilled to the stack comes back where that slot is read: compilers spill through
 * r10 itself, at a known offset. A pointer that was stored through a copy may be in any slot, and a load
 * through a copy may be from any slot. Only 8 bytes are a pointer to the verifier.
 *
 * A register is added to a frame pointer only for arrays; the offset of the array's first byte is a constant,
 * and it counts. If such an access reached below it, into the context that a fused program keeps there, the
 * verifier would see that the next plugin's argument is not a context, and refuse the fused program.
 */
#include "kernel/fuse/stack.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "kernel/fuse/insn.h"
#include "util/cleanup.h"

#define REGISTERS 11
#define NO_FRAME INT16_MAX /* the register does not point into the frame */
#define TOO_DEEP (-520)
#define SLOTS 64 /* of 8 bytes, in a frame */

/* What is known before an instruction. */
struct frame {
	bool reached;
	int16_t offset[REGISTERS];
};

struct scan {
	const struct bpf_insn *insns;
	size_t n;
	struct frame *frames;
	/* Lowest pointers that were ever stored: into each slot, by one that is not known, and into any. */
	int16_t slots[SLOTS], somewhere, anywhere;
	int16_t lowest;
	bool changed;
};

static int16_t limited(long offset)
{
	return offset < TOO_DEEP ? TOO_DEEP : offset > 0 ? 0 : offset;
}

static void use(struct scan *scan, int16_t offset)
{
	if (offset < scan->lowest)
		scan->lowest = offset;
}

static void join(struct scan *scan, size_t to, const struct frame *from)
{
	struct frame *frame = &scan->frames[to];

	if (!frame->reached) {
		*frame = *from;
		frame->reached = scan->changed = true;
		return;
	}
	for (int i = 0; i < REGISTERS; i++) {
		if (from->offset[i] < frame->offset[i]) {
			frame->offset[i] = from->offset[i];
			scan->changed = true;
		}
	}
}

static void arithmetic(struct scan *scan, const struct bpf_insn *insn, struct frame *frame)
{
	int16_t *to = &frame->offset[insn->dst_reg];

	if (BPF_OP(insn->code) == BPF_MOV) {
		bool copies = BPF_CLASS(insn->code) == BPF_ALU64 && BPF_SRC(insn->code) == BPF_X;

		*to = copies ? frame->offset[insn->src_reg] : NO_FRAME;
		return;
	}
	/* Index plus array, or array plus index. */
	if (*to == NO_FRAME && insn->code == (BPF_ALU64 | BPF_ADD | BPF_X))
		*to = frame->offset[insn->src_reg];
	if (*to == NO_FRAME)
		return;
	if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K))
		*to = limited((long)*to + insn->imm);
	else if (insn->code == (BPF_ALU64 | BPF_SUB | BPF_K))
		*to = limited((long)*to - insn->imm);
	use(scan, *to);
}

/* NULL: not one that is known. */
static int16_t *known_slot(struct scan *scan, unsigned base, int offset)
{
	if (base != BPF_REG_10 || offset >= 0 || offset < -8 * SLOTS || offset % 8)
		return NULL;
	return &scan->slots[-offset / 8 - 1];
}

static void lower(struct scan *scan, int16_t *what, int16_t offset)
{
	if (offset >= *what)
		return;
	*what = offset;
	scan->changed = true;
}

static void spill(struct scan *scan, const struct bpf_insn *insn, int16_t offset)
{
	int16_t *slot = known_slot(scan, insn->dst_reg, insn->off);

	if (offset == NO_FRAME)
		return;
	lower(scan, slot ? slot : &scan->somewhere, offset);
	lower(scan, &scan->anywhere, offset);
}

static int16_t unspill(struct scan *scan, const struct bpf_insn *insn)
{
	const int16_t *slot = known_slot(scan, insn->src_reg, insn->off);

	if (BPF_SIZE(insn->code) != BPF_DW)
		return NO_FRAME;
	if (!slot)
		return scan->anywhere;
	return *slot < scan->somewhere ? *slot : scan->somewhere;
}

static void access_memory(struct scan *scan, const struct bpf_insn *insn, struct frame *frame)
{
	bool load = BPF_CLASS(insn->code) == BPF_LDX;
	int16_t base = frame->offset[load ? insn->src_reg : insn->dst_reg];

	if (base != NO_FRAME)
		use(scan, limited(base + insn->off));
	if (load) {
		frame->offset[insn->dst_reg] = base == NO_FRAME ? NO_FRAME : unspill(scan, insn);
		return;
	}
	if (BPF_CLASS(insn->code) == BPF_STX)
		spill(scan, insn, frame->offset[insn->src_reg]);
}

/* Where a jump goes: -1 for one that is none, or leaves. */
static long jump_target(const struct scan *scan, size_t at)
{
	size_t target = fuse_jump_target(scan->insns, at);

	return fuse_is_jump(&scan->insns[at]) && target < scan->n ? (long)target : -1;
}

static void step(struct scan *scan, size_t at)
{
	const struct bpf_insn *insn = &scan->insns[at];
	unsigned class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	struct frame after = scan->frames[at];
	long target = jump_target(scan, at);
	size_t next = at + 1;

	if (class == BPF_ALU || class == BPF_ALU64) {
		arithmetic(scan, insn, &after);
	} else if (class == BPF_LDX || class == BPF_ST || class == BPF_STX) {
		access_memory(scan, insn, &after);
	} else if (insn->code == FUSE_LOAD_64) {
		after.offset[insn->dst_reg] = NO_FRAME;
		next++;
	} else if (class == BPF_JMP && op == BPF_CALL) {
		for (int i = 0; i <= 5; i++)
			after.offset[i] = NO_FRAME;
	}
	if (target >= 0)
		join(scan, target, &after);
	if (insn->code == FUSE_JUMP || insn->code == FUSE_JUMP_FAR)
		return;
	if (insn->code != FUSE_EXIT && next < scan->n)
		join(scan, next, &after);
}

int fuse_stack_depth(const struct bpf_insn *insns, size_t n)
{
	CLEANUP(free) struct frame *frames = calloc(n, sizeof(*frames));
	struct scan scan = {
		.insns = insns, .n = n, .frames = frames, .somewhere = NO_FRAME, .anywhere = NO_FRAME
	};

	if (!frames)
		return -ENOMEM;
	for (size_t i = 0; i < SLOTS; i++)
		scan.slots[i] = NO_FRAME;
	frames[0].reached = true;
	for (int i = 0; i < REGISTERS; i++)
		frames[0].offset[i] = i == BPF_REG_10 ? 0 : NO_FRAME;
	do {
		scan.changed = false;
		for (size_t i = 0; i < n; i++)
			if (frames[i].reached)
				step(&scan, i);
	} while (scan.changed);
	return -scan.lowest;
}
