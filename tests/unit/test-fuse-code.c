/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A fused chain's code, without a kernel: how deep a stack is used, where things go, what is refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/state.h>

#include "check.h"
#include "insns.h"
#include "kernel/dispatcher/counters.h"
#include "kernel/fuse/code.h"
#include "kernel/fuse/constants.h"
#include "kernel/fuse/stack.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define assert_depth(depth, ...)                                                                             \
	do {                                                                                                 \
		const struct bpf_insn insns[] = { __VA_ARGS__ };                                             \
		assert_int_equal(fuse_stack_depth(insns, N(insns)), depth);                                  \
	} while (0)

static void test_stack_depth(void **state)
{
	assert_depth(0, SET(0, 2), EXIT);
	assert_depth(16, STORE(10, 1, -8), STORE(10, 1, -16), STORE(10, 1, -8), EXIT);
	assert_depth(24, MOV(2, 10), ADD(2, -24), HELPER(1), EXIT);
	assert_depth(40, MOV(2, 10), ADD(2, -24), MOV(6, 2), STORE(6, 1, -16), EXIT);
	assert_depth(0, MOV(2, 1), ADD(2, -24), LOAD(3, 2, -300), EXIT);
	/* No pointer any more after a call, or when it is set. */
	assert_depth(8, MOV(2, 10), ADD(2, -8), HELPER(1), ADD(2, -80), EXIT);
	assert_depth(8, MOV(6, 10), ADD(6, -8), SET(6, 0), ADD(6, -80), EXIT);
	/* An array's element: index added to array, array added to index. */
	assert_depth(64, MOV(2, 10), ADD(2, -64), ADD_REG(2, 3), STORE(2, 1, 0), EXIT);
	assert_depth(64, ADD_REG(3, 10), ADD(3, -64), STORE(3, 1, 8), EXIT);
	/* It was stored on the stack and comes back. */
	assert_depth(72, MOV(2, 10), ADD(2, -32), STORE(10, 2, -8), LOAD(3, 10, -8), STORE(3, 1, -40), EXIT);
	/* From that slot only, unless it may have been stored in any; a part of a pointer is none. */
	assert_depth(40, MOV(2, 10), ADD(2, -32), STORE(10, 2, -8), LOAD(3, 10, -16), ADD(3, -8),
		STORE(10, 3, -16), STORE(10, 1, -40), JUMP(-5), EXIT);
	assert_depth(72, MOV(2, 10), ADD(2, -32), STORE(2, 2, 16), LOAD(3, 10, -8), STORE(3, 1, -40), EXIT);
	assert_depth(72, MOV(2, 10), ADD(2, -32), STORE(10, 2, -8), LOAD(3, 2, 16), STORE(3, 1, -40), EXIT);
	assert_depth(32, MOV(2, 10), ADD(2, -32), STORE(10, 2, -8), LOAD_SIZED(BPF_W, 3, 10, -8),
		STORE(3, 1, -40), EXIT);
	/* Whatever way it is reached: over a branch behind which the register is something else, and back. */
	assert_depth(
		96, MOV(6, 10), IF_ZERO(1, 2), SET(6, 0), JUMP(2), STORE(6, 1, -96), EXIT, SET(0, 0), EXIT);
	assert_depth(48, MOV(6, 10), JUMP(3), STORE(6, 1, -48), SET(0, 0), EXIT, SET(2, 0), JUMP(-5));
	/* A loop that goes down: deeper than there is. */
	assert_true(({
		const struct bpf_insn insns[] = { MOV(6, 10), ADD(6, -8), IF_ZERO(1, -2), EXIT };
		fuse_stack_depth(insns, N(insns));
	}) > 512);
}

static struct fuse_part part_of(const struct bpf_insn *insns, size_t n)
{
	return (struct fuse_part){ .name = "slot a.1", .insns = insns, .n_insns = n };
}

static const struct xslot_generation plain = { .id = 4, .final = XDP_PASS };
static const struct counters counters = { .fd = 77, .n_rows = 8, .parities = XSLOT_PARITIES };

/* Of a cell in its row. */
static int16_t offset_of(unsigned parity, unsigned decider, unsigned outcome)
{
	static const struct xslot_counters row;

	return (int16_t)((const char *)&row.cell[parity][decider][outcome] - (const char *)&row);
}

/* What code does that ends a packet's way: the cell that it counts in, and the action. */
static void assert_result(
	const struct bpf_insn *insns, unsigned parity, unsigned decider, unsigned outcome, int action)
{
	int16_t offset = offset_of(parity, decider, outcome);

	assert_int_equal(insns[0].imm, BPF_FUNC_get_smp_processor_id);
	assert_int_equal(insns[1].imm, counters.n_rows - 1);
	assert_int_equal(insns[2].imm, sizeof(struct xslot_counters));
	assert_int_equal(insns[3].imm, counters.fd);
	assert_int_equal(insns[3].src_reg, BPF_PSEUDO_MAP_VALUE);
	assert_int_equal(insns[6].off, offset);
	assert_int_equal(insns[8].off, offset);
	assert_int_equal(insns[9].imm, action);
	assert_int_equal(insns[10].code, BPF_JMP | BPF_EXIT);
}

/* Two instructions a plugin, beside its own; the context below what either uses. */
static void test_common_path(void **state)
{
	const struct bpf_insn a[] = { STORE(10, 1, -24), LOAD(0, 1, 0), EXIT }, b[] = { LOAD(0, 1, 0), EXIT };
	const struct fuse_part parts[] = { part_of(a, 3), part_of(b, 2) };
	const struct xslot_generation generation = {
		.id = 7, .final = XDP_TX, .on_gap = XDP_DROP, .proceed = { 0, 1 << XDP_PASS }
	};
	struct fuse_code code = { 0 };

	assert_int_equal(fuse_code_build(&(struct fuse_options){ parts, 2, &generation }, &counters, NULL,
				 &code, NULL),
		0);
	assert_int_equal(code.n_functions, 1);
	assert_int_equal(code.insns[0].code, BPF_STX | BPF_MEM | BPF_DW);
	assert_int_equal(code.insns[0].off, -32);
	assert_int_equal(code.insns[3].code, BPF_JMP | BPF_JA); /* the exit: on to the test behind it */
	assert_int_equal(code.insns[3].off, 0);
	assert_int_equal(code.insns[4].code, BPF_JMP32 | BPF_JNE | BPF_K);
	assert_int_equal(code.insns[4].imm, XSLOT_NEXT);
	assert_int_equal(code.insns[5].code, BPF_LDX | BPF_MEM | BPF_DW);
	assert_int_equal(code.insns[5].off, -32);
	assert_int_equal(code.insns[8].imm, XSLOT_NEXT); /* of the second: one test for each that goes on */
	assert_int_equal(code.insns[9].imm, XDP_PASS);
	assert_result(code.insns + 10, 7 % 4, XSLOT_DECIDED_FINAL, XDP_TX, XDP_TX);
	fuse_code_deinit(&code);
}

/* What the second of two plugins returns, followed by hand. */
static void test_other_verdicts(void **state)
{
	const struct bpf_insn a[] = { LOAD(0, 1, 0), EXIT };
	const struct fuse_part parts[] = { part_of(a, 2), part_of(a, 2) };
	const struct xslot_generation generation = { .id = 2, .on_gap = XDP_DROP };
	const struct bpf_insn *test, *verdicts, *bad;
	struct fuse_code code = { 0 };

	assert_int_equal(fuse_code_build(&(struct fuse_options){ parts, 2, &generation }, &counters, NULL,
				 &code, NULL),
		0);
	test = code.insns + 1 + 3 + 1 + 2;
	verdicts = test + 1 + test->off;
	assert_int_equal(verdicts[0].imm, XSLOT_ACTIONS);
	assert_int_equal(verdicts[13].off, offset_of(2, 1, 0));
	assert_int_equal(verdicts[15].off, offset_of(2, 1, 0));
	bad = verdicts + 1 + verdicts[0].off + 8; /* behind what takes a reason off */
	assert_int_equal(bad[0].imm, XSLOT_GAP);
	assert_result(bad + 1, 2, 1, XSLOT_OUTCOME_BAD, XDP_ABORTED);
	assert_result(bad + 1 + bad[0].off, 2, 1, XSLOT_OUTCOME_GAP, XDP_DROP);
	fuse_code_deinit(&code);
}

/* Nothing waits on the stack of a plugin that is alone and whose verdicts are known. */
static void test_whole_stack(void **state)
{
	const struct bpf_insn known[] = { STORE(10, 1, -512), SET(0, XSLOT_NEXT), EXIT },
			      unknown[] = { STORE(10, 1, -512), LOAD(0, 1, 0), EXIT };
	struct fuse_part part = part_of(known, 3);
	struct xslot_diag diag = {};
	struct fuse_code code = { 0 };

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ &part, 1, &plain }, &counters, NULL, &code, NULL), 0);
	fuse_code_deinit(&code);
	part = part_of(unknown, 3);
	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ &part, 1, &plain }, &counters, NULL, &code, &diag),
		-EOPNOTSUPP);
	assert_non_null(strstr(diag.message, "uses its whole stack"));
}

/* Where a jump leads. */
static const struct bpf_insn *target_of(const struct bpf_insn *jump)
{
	assert_int_equal(jump->code, BPF_JMP | BPF_JA);
	return jump + 1 + jump->off;
}

/* An exit right behind its verdict needs no test; that it is a jump's target makes it one like the others. */
static void test_known_verdicts(void **state)
{
	const struct bpf_insn a[] = { IF_ZERO(1, 6), IF_ZERO(1, 3), SET(0, XDP_DROP), EXIT, SET(0, XDP_PASS),
		/* 5 */ EXIT, SET(0, 30), SET(0, 32), EXIT, SET(0, XSLOT_NEXT), EXIT };
	const struct bpf_insn b[] = { SET(0, XSLOT_NEXT), EXIT };
	const struct fuse_part parts[] = { part_of(a, N(a)), part_of(b, 2) };
	const struct xslot_generation generation = { .id = 3, .final = XDP_TX, .proceed = { 1 << XDP_PASS } };
	const struct bpf_insn *body, *second;
	struct fuse_code code = { 0 };

	assert_int_equal(fuse_code_build(&(struct fuse_options){ parts, 2, &generation }, &counters, NULL,
				 &code, NULL),
		0);
	body = code.insns + 1;
	second = body + N(a) + 2 + 1; /* a's test, of two verdicts that go on; the context */
	assert_int_equal(body[2].code, BPF_JMP | BPF_JA); /* nothing */
	assert_int_equal(body[2].off, 0);
	assert_result(target_of(&body[3]), 3, 0, XDP_DROP, XDP_DROP);
	/* The second jump leads to this exit, with another verdict. */
	assert_int_equal(body[4].imm, XDP_PASS);
	assert_ptr_equal(target_of(&body[5]), body + N(a));
	assert_result(target_of(&body[8]), 3, 0, XSLOT_OUTCOME_BAD, XDP_ABORTED);
	assert_ptr_equal(target_of(&body[10]), second - 1);
	/* The second plugin has nothing but what goes on. */
	assert_ptr_equal(target_of(&second[1]), second + 2);
	assert_result(second + 2, 3, XSLOT_DECIDED_FINAL, XDP_TX, XDP_TX);
	fuse_code_deinit(&code);
}

/* Two words, loads of all sizes from them; and what stays a load. */
static void test_constants(void **state)
{
	static const uint64_t words[] = { 0x1122334455667788, ~0ULL };
	struct fuse_constant_map maps[] = { { .fd = 5, .size = sizeof(words), .bytes = (void *)words },
		{ .fd = 6 } };
	const struct fuse_constants constants = { maps, 2 };
	const struct bpf_insn a[] = { /* clang-format off */
		VALUE(1, 5, 1), LOAD_SIZED(BPF_B, 1, 1, 0),
		VALUE(1, 5, 0), LOAD_SIZED(BPF_H, 1, 1, 2),
		VALUE(1, 5, 8), LOAD_SIZED(BPF_W, 1, 1, 0),
		VALUE(1, 5, 0), LOAD(1, 1, 0),
		/* 12: another register, beyond the end, a map that can be written, a load that is jumped to */
		VALUE(1, 5, 0), LOAD(2, 1, 0),
		VALUE(1, 5, 8), LOAD(1, 1, 1),
		VALUE(1, 6, 0), LOAD(1, 1, 0),
		IF_ZERO(1, 2), VALUE(1, 5, 0), LOAD(1, 1, 0),
		/* clang-format on */
		SET(0, 31), EXIT
	};
	static const uint64_t loaded[] = { 0x77, 0x5566, 0xffffffff, 0x1122334455667788 };
	const struct fuse_part part = part_of(a, N(a));
	struct fuse_code code = { 0 };

	assert_int_equal(fuse_code_build(&(struct fuse_options){ &part, 1, &plain }, &counters, &constants,
				 &code, NULL),
		0);
	for (size_t i = 0; i < N(loaded); i++) {
		const struct bpf_insn *load = &code.insns[3 * i];

		assert_int_equal(load[0].src_reg, 0);
		assert_int_equal((uint32_t)load[0].imm, (uint32_t)loaded[i]);
		assert_int_equal((uint32_t)load[1].imm, loaded[i] >> 32);
		assert_int_equal(load[2].code, BPF_JMP | BPF_JA);
	}
	assert_memory_equal(code.insns + 12, a + 12, 13 * sizeof(a[0]));
	fuse_code_deinit(&code);
}

/* The rest of the chain must be reachable, or the verifier refuses it. */
static void test_never_goes_on(void **state)
{
	const struct bpf_insn a[] = { SET(0, XDP_DROP), EXIT }, b[] = { SET(0, XSLOT_NEXT), EXIT };
	const struct fuse_part parts[] = { part_of(a, 2), part_of(b, 2) };
	struct fuse_code code = { 0 };

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, 2, &plain }, &counters, NULL, &code, NULL), 0);
	assert_int_equal(code.insns[1].imm, XDP_DROP);
	assert_int_equal(code.insns[3].code, BPF_JMP32 | BPF_JNE | BPF_K);
	fuse_code_deinit(&code);
}

static void test_alone_keeps_no_context(void **state)
{
	const struct bpf_insn a[] = { STORE(10, 1, -504), LOAD(0, 1, 0), EXIT };
	const struct fuse_part part = part_of(a, 3);
	struct fuse_code code = { 0 };

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ &part, 1, &plain }, &counters, NULL, &code, NULL), 0);
	assert_memory_equal(code.insns, a, 2 * sizeof(a[0]));
	fuse_code_deinit(&code);
}

/* main calls the second subprogram, which calls the first; both plugins. */
static void test_subprograms(void **state)
{
	const struct bpf_insn a[] = { CALL(4), LOAD(0, 6, 0), EXIT, SET(0, 1), EXIT, CALL(-3), EXIT };
	const struct fuse_part parts[] = { part_of(a, 7), part_of(a, 7) };
	struct fuse_code code = { 0 };

	/* As the kernel would have it: the target is relative to the next instruction. */
	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, 2, &plain }, &counters, NULL, &code, NULL), 0);
	assert_int_equal(code.n_functions, 5);
	for (size_t part = 0, first = 1; part < 2; part++, first += 2) {
		size_t body = 1 + part * 5, second = code.functions[first + 1].start;

		assert_int_equal(code.functions[first].part, part);
		assert_int_equal(code.functions[first].from, 3);
		assert_int_equal(code.functions[first + 1].from, 5);
		assert_int_equal(code.insns[code.functions[first].start].imm, 1);
		assert_int_equal(body + 1 + code.insns[body].imm, second);
		assert_int_equal(second + 1 + code.insns[second].imm, code.functions[first].start);
	}
	fuse_code_deinit(&code);
}

/* Who tail-calls is called, with all that is its own; the others stay where they are. */
static void test_tail_calls(void **state)
{
	const struct bpf_insn a[] = { CALL(5), HELPER(BPF_FUNC_tail_call), STORE(10, 1, -200),
		SET(0, XSLOT_NEXT), EXIT, SET(0, 9), SET(0, 1), EXIT };
	const struct bpf_insn b[] = { STORE(10, 1, -8), CALL(2), SET(0, XSLOT_NEXT), EXIT, SET(0, 2), EXIT };
	const struct fuse_part parts[] = { part_of(b, 6), part_of(a, 8), part_of(b, 6) };
	struct fuse_code code = { 0 };
	size_t call;

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, 3, &plain }, &counters, NULL, &code, NULL), 0);
	assert_int_equal(code.insns[0].off, -16); /* not below what a part of its own uses */
	call = 1 + 4 + 1;
	assert_int_equal(code.insns[call - 1].code, BPF_LDX | BPF_MEM | BPF_DW);
	assert_int_equal(code.insns[call].code, BPF_JMP | BPF_CALL);
	assert_int_equal(code.insns[call].src_reg, BPF_PSEUDO_CALL);
	assert_int_equal(call + 1 + code.insns[call].imm, code.functions[2].start);
	assert_int_equal(code.insns[call + 1].code, BPF_JMP32 | BPF_JNE | BPF_K);
	assert_int_equal(code.insns[call + 1].imm, XSLOT_NEXT);
	assert_int_equal(code.n_functions, 5);
	assert_int_equal(code.functions[1].part, 0);
	assert_int_equal(code.functions[2].part, 1);
	assert_int_equal(code.functions[2].from, 0);
	assert_int_equal(code.functions[3].part, 1);
	assert_int_equal(code.functions[3].from, 6);
	assert_int_equal(code.functions[4].part, 2);
	assert_memory_equal(code.insns + code.functions[2].start, a, sizeof(a));
	assert_int_equal(code.places[3].what, FUSE_CALL);
	fuse_code_deinit(&code);
}

/* A chain that tail-calls has half a frame: what does not fit in has one of its own. Else there is a whole
 * one. */
static void test_deep_beside_tail_calls(void **state)
{
	const struct bpf_insn fits[] = { STORE(10, 1, -216), SET(0, XSLOT_NEXT), EXIT };
	const struct bpf_insn deep[] = { STORE(10, 1, -217), SET(0, XSLOT_NEXT), EXIT };
	const struct bpf_insn tail[] = { HELPER(BPF_FUNC_tail_call), SET(0, XSLOT_NEXT), EXIT };
	const struct fuse_part parts[] = { part_of(fits, 3), part_of(deep, 3), part_of(tail, 3) };
	struct fuse_code code = { 0 };

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, 2, &plain }, &counters, NULL, &code, NULL), 0);
	assert_int_equal(code.n_functions, 1);
	assert_int_equal(code.insns[0].off, -232);
	fuse_code_deinit(&code);
	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, 3, &plain }, &counters, NULL, &code, NULL), 0);
	assert_int_equal(code.n_functions, 3);
	assert_int_equal(code.functions[1].part, 1);
	assert_memory_equal(code.insns + code.functions[1].start, deep, sizeof(deep));
	assert_int_equal(code.insns[0].off, -224);
	fuse_code_deinit(&code);
}

static void assert_refused(const struct fuse_part *parts, size_t n, const char *words)
{
	struct xslot_diag diag = {};
	struct fuse_code code = { 0 };

	assert_int_equal(
		fuse_code_build(&(struct fuse_options){ parts, n, &plain }, &counters, NULL, &code, &diag),
		-EOPNOTSUPP);
	if (!strstr(diag.message, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, words);
}

static void test_refused(void **state)
{
	const struct bpf_insn good[] = { SET(0, 31), EXIT };
	const struct bpf_insn module[] = { { BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 1, 7 }, EXIT };
	const struct bpf_insn deep[] = { STORE(10, 1, -512), SET(0, 31), EXIT };
	struct fuse_part parts[] = { part_of(good, 2), part_of(module, 2) };
	const size_t n_long = 40000;
	struct bpf_insn *insns = calloc(n_long, sizeof(*insns));

	assert_non_null(insns);
	assert_refused(parts, 2, "slot a.1 calls a function of a kernel module");
	parts[1] = part_of(deep, 3);
	assert_refused(parts, 2, "slot a.1 uses its whole stack");
	parts[1] = part_of(NULL, 0);
	assert_refused(parts, 2, "slot a.1: its instructions are not known");
	assert_refused(parts, 0, "there are 0 programs");

	/* Leave early out of a long body. */
	for (size_t i = 0; i < n_long; i++)
		insns[i] = (struct bpf_insn)SET(0, 31);
	insns[n_long - 1] = (struct bpf_insn)EXIT;
	parts[1] = part_of(insns, n_long);
	insns[7] = (struct bpf_insn)EXIT;
	assert_refused(parts + 1, 1, "a jump over 39992 instructions is too far");
	free(insns);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_depth),
		cmocka_unit_test(test_common_path),
		cmocka_unit_test(test_other_verdicts),
		cmocka_unit_test(test_whole_stack),
		cmocka_unit_test(test_known_verdicts),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_never_goes_on),
		cmocka_unit_test(test_alone_keeps_no_context),
		cmocka_unit_test(test_subprograms),
		cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_deep_beside_tail_calls),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("fuse-code", tests, NULL, NULL);
}
