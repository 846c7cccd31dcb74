/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * From plugin to plugin a packet takes one instruction, which loads the context from the stack, and a test
 * for XSLOT_NEXT where the plugin's verdict is not known. Other verdicts jump to code behind the last plugin.
 * So the program is laid out as
 *
 *	context to the stack                       (more than one plugin)
 *	plugin 0's main body, test
 *	context from the stack, plugin 1's main body, test, …
 *	count, final verdict
 *	for each plugin: its other verdicts, each counted
 *	for each plugin: its functions apart from the main one
 *
 * A body is copied unchanged, except that each `exit` becomes a jump to the body's test, which has the same
 * length, so that every jump inside stays right, and that calls are adjusted by the distance that its
 * subprograms moved. An exit whose verdict is known (fuse/ways.h) needs no test: it jumps to where that
 * verdict leads, and an instruction that only sets the verdict is removed. The context's place on the stack
 * is below what any body uses; a verdict is kept there while its packet is counted.
 *
 * Everything that a generation specifies is a constant here: the counters' address, the parity, what happens
 * to verdicts. So a fused program belongs to one generation.
 *
 * A plugin that tail-calls does not always end with `exit`. It stays a function of its own, as in its slot:
 * the chain calls it, and what it or the programs behind its tail calls return is tested as usual. The kernel
 * then allows the chain's own frame only half of the stack, so a plugin that needs more becomes a called
 * function as well.
 *
 * A program that throws exceptions is never fused: an exception would leave the whole chain.
 */
#include "kernel/fuse/code.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/state.h>

#include "kernel/dispatcher/counters.h"
#include "kernel/fuse/constants.h"
#include "kernel/fuse/piece.h"
#include "kernel/fuse/stack.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define FRAME_MAX 512
#define CALLER_FRAME_MAX 224 /* the kernel wants less than 256, and counts in 32 */
#define INSNS_MAX 1000000    /* the kernel's limit; no jump comes near it, see set_jump() */
#define COUNT_INSNS 11	     /* what place_result() writes */
#define REASON_INSNS 8	     /* of these, what takes a reason off */
#define VERDICT_INSNS (18 + REASON_INSNS + 2 * COUNT_INSNS) /* what place_verdicts() writes for each part */

/* One part, and where what becomes of it is in the fused program. */
struct piece {
	struct fuse_piece is;
	size_t body, test, next;
	size_t verdicts;		/* those that the test finds */
	size_t results[XSLOT_OUTCOMES]; /* those that are known */
	size_t functions;
};

struct builder {
	struct piece pieces[XSLOT_MAX_SLOTS];
	size_t n_pieces;
	const struct xslot_generation *generation;
	const struct counters *counters;
	const struct fuse_constants *constants;
	int16_t context; /* its offset from the frame pointer */
	struct fuse_code code;
};

static void builder_deinit(struct builder *builder)
{
	for (size_t i = 0; i < builder->n_pieces; i++)
		fuse_piece_deinit(&builder->pieces[i].is);
	fuse_code_deinit(&builder->code);
}

/* Of the part's instructions the first that is in a function of its own: see struct piece's `functions`. */
static size_t first_apart(const struct piece *piece)
{
	return piece->is.apart ? 0 : piece->is.n_main;
}

/* ---- measure ---- */

static int look_at_parts(
	struct builder *builder, const struct fuse_part *parts, bool *ret_tail_calls, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < builder->n_pieces; i++) {
		struct fuse_piece *piece = &builder->pieces[i].is;

		r = fuse_piece_init(piece, &parts[i], builder->generation->proceed[i], diag);
		*ret_tail_calls = *ret_tail_calls || piece->tail_calls;
	}
	return r;
}

/* Of a piece in the frame of all: a multiple of 8. */
static int measure_frame(const struct builder *builder, const struct piece *piece, struct xslot_diag *diag)
{
	const struct fuse_part *part = piece->is.part;
	int depth = fuse_stack_depth(part->insns, piece->is.n_main);

	if (depth < 0)
		return fail(diag, depth, "out of memory");
	depth = (depth + 7) / 8 * 8;
	if (depth + 8 > FRAME_MAX && (builder->n_pieces > 1 || piece->is.tested))
		return fail(diag, -EOPNOTSUPP,
			"%s uses its whole stack, which leaves no room for the packet's context or verdict",
			part->name);
	return depth;
}

/* Who calls what tail-calls has half of a frame: what is deeper gets one of its own. */
static int measure(struct builder *builder, const struct fuse_part *parts, struct xslot_diag *diag)
{
	bool tail_calls = false;
	int deepest = 0, depth, r;

	r = look_at_parts(builder, parts, &tail_calls, diag);
	if (r < 0)
		return r;
	for (size_t i = 0; i < builder->n_pieces; i++) {
		struct piece *piece = &builder->pieces[i];

		if (piece->is.apart)
			continue;
		depth = measure_frame(builder, piece, diag);
		if (depth < 0)
			return depth;
		if (tail_calls && depth + 8 > CALLER_FRAME_MAX)
			fuse_piece_set_apart(&piece->is);
		else if (depth > deepest)
			deepest = depth;
	}
	builder->context = (int16_t) - (deepest + 8);
	return 0;
}

/* ---- place ---- */

static size_t count_tests(const struct piece *piece)
{
	return piece->is.tested ? 1 + (size_t)__builtin_popcount(piece->is.proceed) : 0;
}

/* Where the verdicts that end the chain are dealt with. Returns where that ends. */
static size_t lay_out_verdicts(struct piece *piece, size_t at)
{
	piece->verdicts = at;
	at += piece->is.tested ? VERDICT_INSNS : 0;
	for (unsigned outcome = 0; outcome < XSLOT_OUTCOMES; outcome++) {
		piece->results[outcome] = at;
		at += piece->is.results >> outcome & 1 ? COUNT_INSNS : 0;
	}
	return at;
}

/* Decide where everything goes. Returns the length of it all. */
static size_t lay_out(struct builder *builder)
{
	bool more = builder->n_pieces > 1;
	size_t at = more ? 1 : 0;

	for (size_t i = 0; i < builder->n_pieces; i++) {
		struct piece *piece = &builder->pieces[i];

		at += i > 0;
		piece->body = at;
		piece->test = at + (piece->is.apart ? 1 : piece->is.n_main);
		piece->next = at = piece->test + count_tests(piece);
	}
	at += COUNT_INSNS;
	for (size_t i = 0; i < builder->n_pieces; i++)
		at = lay_out_verdicts(&builder->pieces[i], at);
	for (size_t i = 0; i < builder->n_pieces; i++) {
		struct piece *piece = &builder->pieces[i];

		piece->functions = at;
		at += piece->is.part->n_insns - first_apart(piece);
	}
	return at;
}

static int set_jump(struct bpf_insn *insns, size_t at, size_t target, const struct fuse_part *part,
	struct xslot_diag *diag)
{
	long distance = (long)target - (long)at - 1;

	if (distance > INT16_MAX || distance < INT16_MIN)
		return fail(diag, -EOPNOTSUPP, "%s: a jump over %ld instructions is too far", part->name,
			distance);
	insns[at].off = (int16_t)distance;
	return 0;
}

/* Instruction `at` of this piece leaves it: an exit, or a jump if its verdict is known. */
static int place_way_out(
	struct builder *builder, const struct piece *piece, size_t at, struct xslot_diag *diag)
{
	const struct fuse_way *way = fuse_piece_knows(&piece->is, at - piece->body);
	struct bpf_insn *insns = builder->code.insns;
	const struct bpf_insn nothing = { .code = BPF_JMP | BPF_JA };
	size_t target = piece->test;

	if (way)
		target = fuse_piece_goes_on(&piece->is, way->verdict)
				 ? piece->next
				 : piece->results[fuse_outcome(way->verdict)];
	if (way && way->alone)
		insns[at - 1] = nothing;
	if (insns[at].code == FUSE_EXIT)
		insns[at] = nothing;
	return set_jump(insns, at, target, piece->is.part, diag);
}

static int place_body(struct builder *builder, const struct piece *piece, struct xslot_diag *diag)
{
	const struct fuse_part *part = piece->is.part;
	struct bpf_insn *insns = builder->code.insns;
	int r = 0;

	memcpy(insns + piece->body, part->insns, piece->is.n_main * sizeof(*insns));
	fuse_constants_apply(builder->constants, &piece->is, 0, insns + piece->body, piece->is.n_main);
	for (size_t i = piece->body; r == 0 && i < piece->test; i++) {
		/* In the program of its own the first subprogram follows the body at once. */
		if (fuse_refers_to_subprogram(&insns[i]))
			insns[i].imm += (int32_t)(piece->functions - piece->test);
		if (insns[i].code == FUSE_EXIT || fuse_piece_knows(&piece->is, i - piece->body))
			r = place_way_out(builder, piece, i, diag);
		i += insns[i].code == FUSE_LOAD_64;
	}
	return r;
}

static void place_call(struct builder *builder, const struct piece *piece)
{
	builder->code.insns[piece->body] = (struct bpf_insn){
		.code = BPF_JMP | BPF_CALL,
		.src_reg = BPF_PSEUDO_CALL,
		.imm = (int32_t)(piece->functions - piece->test),
	};
}

/* They stay together, and so do not notice. */
static void place_functions(struct builder *builder, const struct piece *piece)
{
	const struct fuse_part *part = piece->is.part;
	struct bpf_insn *insns = builder->code.insns + piece->functions;
	size_t first = first_apart(piece), n = part->n_insns - first;

	memcpy(insns, part->insns + first, n * sizeof(*insns));
	fuse_constants_apply(builder->constants, &piece->is, first, insns, n);
}

/* What goes on: XSLOT_NEXT first. The last test is the other way round, and falls through to the next part.
 */
static int place_tests(struct builder *builder, const struct piece *piece, struct xslot_diag *diag)
{
	struct bpf_insn *insns = builder->code.insns;
	size_t at = piece->test;
	int32_t value = XSLOT_NEXT;
	int r = 0;

	for (int32_t action = 0; r == 0 && action < XSLOT_ACTIONS; action++) {
		if (!(piece->is.proceed >> action & 1))
			continue;
		insns[at] = (struct bpf_insn){ .code = BPF_JMP32 | BPF_JEQ | BPF_K, .imm = value };
		r = set_jump(insns, at++, piece->next, piece->is.part, diag);
		value = action;
	}
	insns[at] = (struct bpf_insn){ .code = BPF_JMP32 | BPF_JNE | BPF_K, .imm = value };
	return r < 0 ? r : set_jump(insns, at, piece->verdicts, piece->is.part, diag);
}

/* The offset of a counter in its CPU's row. */
static int16_t cell(const struct builder *builder, uint32_t decider, uint32_t outcome)
{
	uint32_t parity = builder->generation->id & (builder->counters->parities - 1);

	return (int16_t)((parity * COUNTERS_CELLS + XSLOT_RESULT(decider, outcome)) * sizeof(uint64_t));
}

/* r1: this CPU's row of counters. Six instructions. */
#define ROW(counters)                                                                                        \
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_smp_processor_id },                                \
		{ .code = BPF_ALU | BPF_AND | BPF_K, .imm = (int32_t)(counters)->n_rows - 1 },               \
		{ .code = BPF_ALU64 | BPF_MUL | BPF_K, .imm = (int32_t)counters_row_size(counters) },        \
		{ .code = FUSE_LOAD_64,                                                                      \
			.dst_reg = BPF_REG_1,                                                                \
			.src_reg = BPF_PSEUDO_MAP_VALUE,                                                     \
			.imm = (counters)->fd },                                                             \
		{ 0 },                                                                                       \
	{                                                                                                    \
		.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_0              \
	}

/* One more in a cell of the row. Three instructions. */
#define INCREMENT(offset)                                                                                    \
	{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = (offset) }, \
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },                     \
	{                                                                                                    \
		.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2,              \
		.off = (offset)                                                                              \
	}

/* The packet's way ends here. */
static void place_result(struct builder *builder, size_t at, int16_t counter, uint32_t action)
{
	const struct bpf_insn result[COUNT_INSNS] = {
		ROW(builder->counters),
		INCREMENT(counter),
		{ .code = BPF_ALU | BPF_MOV | BPF_K, .imm = (int32_t)action },
		{ .code = FUSE_EXIT },
	};

	memcpy(builder->code.insns + at, result, sizeof(result));
}

/* r0 is a verdict that ends the chain, or none at all. */
static int place_verdicts(struct builder *builder, const struct piece *piece, struct xslot_diag *diag)
{
	uint32_t slot = (uint32_t)(piece - builder->pieces);
	size_t bad = piece->verdicts + VERDICT_INSNS - 2 * COUNT_INSNS;
	const struct bpf_insn verdicts[VERDICT_INSNS - 2 * COUNT_INSNS] = {
		{ .code = BPF_JMP32 | BPF_JGE | BPF_K, .off = 16, .imm = XSLOT_ACTIONS },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = builder->context },
		ROW(builder->counters),
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .src_reg = BPF_REG_10, .off = builder->context },
		/* For verifiers that do not know any more what was stored. */
		{ .code = BPF_ALU | BPF_AND | BPF_K, .imm = XSLOT_OUTCOMES - 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2 },
		{ .code = BPF_ALU64 | BPF_LSH | BPF_K, .dst_reg = BPF_REG_2, .imm = 3 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2 },
		INCREMENT(cell(builder, slot, 0)),
		{ .code = FUSE_EXIT },
		/* A verdict with a reason is tested once more, without. */
		{ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2 },
		{ .code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = BPF_REG_2, .imm = 24 },
		{ .code = BPF_JMP32 | BPF_JNE | BPF_K,
			.dst_reg = BPF_REG_2,
			.off = 5,
			.imm = XSLOT_REASON_MARK },
		{ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2 },
		{ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = 0xff },
		{ .code = BPF_JMP32 | BPF_JGE | BPF_K, .dst_reg = BPF_REG_2, .off = 2, .imm = XSLOT_ACTIONS },
		{ .code = BPF_ALU | BPF_MOV | BPF_X, .src_reg = BPF_REG_2 },
		{ .code = BPF_JMP | BPF_JA },
		{ .code = BPF_JMP32 | BPF_JEQ | BPF_K, .off = COUNT_INSNS, .imm = XSLOT_GAP },
	};

	memcpy(builder->code.insns + piece->verdicts, verdicts, sizeof(verdicts));
	place_result(builder, bad, cell(builder, slot, XSLOT_OUTCOME_BAD), XDP_ABORTED);
	place_result(builder, bad + COUNT_INSNS, cell(builder, slot, XSLOT_OUTCOME_GAP),
		builder->generation->on_gap);
	return set_jump(builder->code.insns, bad - 2, piece->test, piece->is.part, diag);
}

static void place_known(struct builder *builder, const struct piece *piece)
{
	uint32_t slot = (uint32_t)(piece - builder->pieces);

	for (uint32_t outcome = 0; outcome < XSLOT_OUTCOMES; outcome++) {
		uint32_t action = outcome;

		if (!(piece->is.results >> outcome & 1))
			continue;
		if (outcome >= XSLOT_ACTIONS)
			action = outcome == XSLOT_OUTCOME_GAP ? builder->generation->on_gap : XDP_ABORTED;
		place_result(builder, piece->results[outcome], cell(builder, slot, outcome), action);
	}
}

static int place_piece(struct builder *builder, const struct piece *piece, struct xslot_diag *diag)
{
	int r = 0;

	if (piece->is.apart)
		place_call(builder, piece);
	else
		r = place_body(builder, piece, diag);
	place_functions(builder, piece);
	place_known(builder, piece);
	if (r < 0 || !piece->is.tested)
		return r;
	r = place_verdicts(builder, piece, diag);
	return r < 0 ? r : place_tests(builder, piece, diag);
}

static int place(struct builder *builder, struct xslot_diag *diag)
{
	const struct bpf_insn save = { .code = BPF_STX | BPF_MEM | BPF_DW,
		.dst_reg = BPF_REG_10,
		.src_reg = BPF_REG_1,
		.off = builder->context };
	const struct bpf_insn restore = { .code = BPF_LDX | BPF_MEM | BPF_DW,
		.dst_reg = BPF_REG_1,
		.src_reg = BPF_REG_10,
		.off = builder->context };
	struct bpf_insn *insns = builder->code.insns;
	size_t end = builder->pieces[builder->n_pieces - 1].next;
	int r = 0;

	if (builder->n_pieces > 1)
		insns[0] = save;
	for (size_t i = 0; r == 0 && i < builder->n_pieces; i++) {
		const struct piece *piece = &builder->pieces[i];

		if (i > 0)
			insns[piece->body - 1] = restore;
		r = place_piece(builder, piece, diag);
	}
	place_result(builder, end, cell(builder, XSLOT_DECIDED_FINAL, builder->generation->final),
		builder->generation->final);
	return r;
}

static void list_functions(struct builder *builder)
{
	struct fuse_function *function = builder->code.functions;

	*function++ = (struct fuse_function){ 0 };
	for (size_t i = 0; i < builder->n_pieces; i++) {
		const struct piece *piece = &builder->pieces[i];
		size_t first = first_apart(piece);

		for (size_t at = first; at < piece->is.part->n_insns; at++) {
			if (at == 0 || fuse_piece_is_subprogram(&piece->is, at))
				*function++ = (struct fuse_function){
					.start = (uint32_t)(piece->functions + at - first),
					.from = (uint32_t)at,
					.part = (uint32_t)i,
				};
		}
	}
	builder->code.n_functions = (size_t)(function - builder->code.functions);
}

static void list_place(struct builder *builder, size_t start, size_t part, enum fuse_what what)
{
	builder->code.places[builder->code.n_places++] =
		(struct fuse_place){ (uint32_t)start, (uint32_t)part, what };
}

static void list_places(struct builder *builder)
{
	const struct piece *pieces = builder->pieces;
	size_t n = builder->n_pieces;

	for (size_t i = 0; i < n; i++) {
		if (n > 1)
			list_place(builder, i ? pieces[i].body - 1 : 0, i, FUSE_ENTER);
		list_place(builder, pieces[i].body, i, pieces[i].is.apart ? FUSE_CALL : FUSE_BODY);
		if (pieces[i].test < pieces[i].next)
			list_place(builder, pieces[i].test, i, FUSE_TEST);
	}
	list_place(builder, pieces[n - 1].next, n - 1, FUSE_FINAL);
	for (size_t i = 0; i < n; i++)
		if (pieces[i].verdicts < (i + 1 < n ? pieces[i + 1].verdicts : pieces[0].functions))
			list_place(builder, pieces[i].verdicts, i, FUSE_VERDICTS);
}

static int build(struct builder *builder, struct xslot_diag *diag)
{
	size_t functions = 1;

	for (size_t i = 0; i < builder->n_pieces; i++)
		functions += builder->pieces[i].is.part->n_insns;
	builder->code.n_insns = lay_out(builder);
	if (builder->code.n_insns > INSNS_MAX)
		return fail(diag, -EOPNOTSUPP, "%zu instructions are more than the kernel takes",
			builder->code.n_insns);
	builder->code.insns = calloc(builder->code.n_insns, sizeof(*builder->code.insns));
	builder->code.functions = calloc(functions, sizeof(*builder->code.functions));
	builder->code.places = calloc(4 * builder->n_pieces + 1, sizeof(*builder->code.places));
	if (!builder->code.insns || !builder->code.functions || !builder->code.places)
		return fail(diag, -ENOMEM, "out of memory");
	list_functions(builder);
	list_places(builder);
	return place(builder, diag);
}

int fuse_code_build(const struct fuse_options *options, const struct counters *counters,
	const struct fuse_constants *constants, struct fuse_code *ret_code, struct xslot_diag *diag)
{
	struct builder builder = {
		.n_pieces = options->n_parts,
		.generation = options->generation,
		.counters = counters,
		.constants = constants,
	};
	int r;

	if (!options->n_parts || options->n_parts > XSLOT_MAX_SLOTS)
		return fail(diag, -EOPNOTSUPP, "there are %zu programs to fuse", options->n_parts);
	r = measure(&builder, options->parts, diag);
	if (r == 0)
		r = build(&builder, diag);
	if (r == 0) {
		*ret_code = builder.code;
		builder.code = (struct fuse_code){ 0 };
	}
	builder_deinit(&builder);
	return r;
}

void fuse_code_deinit(struct fuse_code *code)
{
	free(code->insns);
	free(code->functions);
	free(code->places);
	*code = (struct fuse_code){ 0 };
}
