/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin is a row of statements. Between them r6 holds the context, r7 the packet's begin, of which 14
 * bytes are known to be there, r8 and r9 are numbers, and all of the frame is initialised. A statement may do
 * to these what it likes, and to r0 to r5. So statements can be in any order, jumped over, and left out.
 *
 * Fusing changes what becomes of verdicts, so the ways to one are many: a constant and at once the exit, a
 * constant and something else before the exit, an exit that several constants reach, what a function
 * returned, a jump to an exit further up or to the last one, with a verdict of its own or with that exit's.
 */
#include "random-plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xslot/slots.h>

#include "check.h"

/* What a plugin's verdicts are: anything; constants, of which those that end a chain; XSLOT_NEXT only. */
enum mood { ANY, CONSTANT, ENDS, GOES_ON, MOODS };

/* A place to jump to: what sets the verdict, or the exit behind it. */
struct way_out {
	size_t verdict, exit;
};

struct maker {
	struct random_plugin *plugin;
	uint64_t random;
	bool calls, loops, tails;		  /* there are subprograms; a callback; tail calls */
	int16_t depth;				  /* of the frame, in bytes, a multiple of 8 */
	size_t fixups[2 * RANDOM_STATEMENTS_MAX]; /* instructions that refer to a subprogram, given in off */
	size_t n_fixups;
	enum mood mood;
	struct way_out ways[2 * RANDOM_STATEMENTS_MAX + 1];
	size_t n_ways;
	struct { /* jumps to the last way out */
		size_t jump;
		bool to_exit;
	} ends[RANDOM_STATEMENTS_MAX];
	size_t n_ends;
};

uint32_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1dULL >> 32);
}

static uint32_t below(struct maker *maker, uint32_t n)
{
	return random_below(&maker->random, n);
}

static size_t emit(struct maker *maker, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct random_plugin *plugin = maker->plugin;

	assert_true(plugin->n_insns < RANDOM_INSNS_MAX);
	plugin->insns[plugin->n_insns] =
		(struct bpf_insn){ .code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
	return plugin->n_insns++;
}

static void set(struct maker *maker, uint8_t dst, int32_t value)
{
	emit(maker, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

static void copy(struct maker *maker, uint8_t dst, uint8_t src)
{
	emit(maker, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void add(struct maker *maker, uint8_t dst, int32_t value)
{
	emit(maker, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

static void call(struct maker *maker, int32_t helper)
{
	emit(maker, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void leave(struct maker *maker)
{
	emit(maker, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* ld_imm64 of map `which`, or of what is in it at `offset`. */
static void set_map(struct maker *maker, uint8_t dst, int which, bool value, int32_t offset)
{
	emit(maker, BPF_LD | BPF_IMM | BPF_DW, dst, value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD, 0,
		which);
	emit(maker, 0, 0, 0, 0, offset);
}

/* A number, r8 or r9. */
static uint8_t number(struct maker *maker)
{
	return 8 + below(maker, 2);
}

static int16_t place(struct maker *maker)
{
	return (int16_t) - (8 * (1 + (int)below(maker, (uint32_t)maker->depth / 8)));
}

static int32_t constant(struct maker *maker)
{
	return below(maker, 3) ? (int32_t)below(maker, 256) : (int32_t)random_next(&maker->random);
}

/* Let the jump lead to what comes next. */
static void land(struct maker *maker, size_t jump)
{
	maker->plugin->insns[jump].off = (int16_t)(maker->plugin->n_insns - jump - 1);
}

/* ---- verdicts ---- */

static int32_t verdict(struct maker *maker)
{
	static const int32_t odd[] = { 5, 7, 29, XSLOT_GAP, XSLOT_GAP, XSLOT_GAP, 32, 34, 264, -1,
		(int32_t)XSLOT_REASONED(XDP_DROP, 7), (int32_t)XSLOT_REASONED(XDP_PASS, 300),
		(int32_t)XSLOT_REASONED(XDP_TX, 1), (int32_t)XSLOT_REASONED(XSLOT_NEXT, 1) };
	uint32_t kind = below(maker, 8);

	if (maker->mood == GOES_ON || (maker->mood != ENDS && kind < 3))
		return XSLOT_NEXT;
	return kind > 5 ? odd[below(maker, sizeof(odd) / sizeof(odd[0]))]
			: (int32_t)below(maker, XSLOT_ACTIONS);
}

static void set_constant(struct maker *maker)
{
	emit(maker, (below(maker, 2) ? BPF_ALU : BPF_ALU64) | BPF_MOV | BPF_K, 0, 0, 0, verdict(maker));
}

static void set_verdict(struct maker *maker)
{
	switch (maker->mood == ANY ? below(maker, 10) : 9) {
	case 0: /* only the lower half counts */
		emit(maker, BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, below(maker, 2) ? XSLOT_NEXT : XDP_PASS);
		emit(maker, 0, 0, 0, 0, (int32_t)random_next(&maker->random));
		return;
	case 1: /* known at run time only */
		copy(maker, 0, number(maker));
		emit(maker, BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, below(maker, 2) ? 3 : 31);
		return;
	case 2:
		emit(maker, (below(maker, 2) ? BPF_ALU : BPF_ALU64) | BPF_MOV | BPF_X, 0, number(maker), 0,
			0);
		return;
	case 3: /* not what the instruction before the exit sets */
		set_constant(maker);
		set(maker, 1 + (uint8_t)below(maker, 5), verdict(maker));
		return;
	case 4:
		set_constant(maker);
		add(maker, 0, 1 - (int32_t)below(maker, 3));
		return;
	default:
		set_constant(maker);
	}
}

/* An exit, which others may jump to, as they may to what sets its verdict. */
static void leave_with(struct maker *maker, size_t verdict)
{
	maker->ways[maker->n_ways++] = (struct way_out){ verdict, maker->plugin->n_insns };
	leave(maker);
}

/* ---- statements ---- */

static void arithmetic(struct maker *maker)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_XOR, BPF_OR, BPF_AND };
	static const uint8_t shifts[] = { BPF_LSH, BPF_RSH, BPF_ARSH };
	uint8_t class = below(maker, 2) ? BPF_ALU : BPF_ALU64;

	if (below(maker, 3) == 0)
		emit(maker, class | shifts[below(maker, 3)] | BPF_K, number(maker), 0, 0,
			(int32_t)below(maker, 32));
	else if (below(maker, 2))
		emit(maker, class | ops[below(maker, 6)] | BPF_K, number(maker), 0, 0, constant(maker));
	else
		emit(maker, class | ops[below(maker, 6)] | BPF_X, number(maker), number(maker), 0, 0);
}

static void read_packet(struct maker *maker)
{
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W };

	emit(maker, BPF_LDX | BPF_MEM | sizes[below(maker, 3)], number(maker), 7, (int16_t)below(maker, 11),
		0);
}

static void write_packet(struct maker *maker)
{
	emit(maker, BPF_STX | BPF_MEM | (below(maker, 2) ? BPF_B : BPF_H), 7, number(maker),
		(int16_t)below(maker, 13), 0);
}

static void use_stack(struct maker *maker)
{
	if (below(maker, 2))
		emit(maker, BPF_STX | BPF_MEM | BPF_DW, 10, number(maker), place(maker), 0);
	else
		emit(maker, BPF_LDX | BPF_MEM | BPF_DW, number(maker), 10, place(maker), 0);
}

/* The context goes to the stack and back; a pointer stays behind in r3 and, for a while, on the stack. */
static void spill_context(struct maker *maker)
{
	int16_t at = place(maker);

	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 10, 6, at, 0);
	emit(maker, BPF_LDX | BPF_MEM | BPF_DW, 3, 10, at, 0);
	emit(maker, BPF_LDX | BPF_MEM | BPF_W, number(maker), 3, offsetof(struct xdp_md, ingress_ifindex), 0);
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 10, number(maker), at, 0);
}

static void add_to_value(struct maker *maker)
{
	set_map(maker, 1, RANDOM_VALUE, true, 8 * (int32_t)below(maker, 8));
	if (below(maker, 2)) {
		emit(maker, BPF_STX | BPF_ATOMIC | BPF_DW, 1, number(maker), 0, BPF_ADD);
		return;
	}
	emit(maker, BPF_LDX | BPF_MEM | BPF_DW, 8, 1, 0, 0);
	emit(maker, BPF_ALU64 | BPF_ADD | BPF_X, 8, 9, 0, 0);
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 1, 8, 0, 0);
}

/* A key of 4 bytes on the stack, below `limit`. */
static int16_t store_key(struct maker *maker, int32_t limit)
{
	int16_t at = place(maker);

	copy(maker, 3, number(maker));
	emit(maker, BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, limit - 1);
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 10, 3, at, 0);
	return at;
}

static void look_up(struct maker *maker)
{
	int16_t at = store_key(maker, 16);

	set_map(maker, 1, below(maker, 2) ? RANDOM_ARRAY : RANDOM_HASH, false, 0);
	copy(maker, 2, 10);
	add(maker, 2, at);
	call(maker, BPF_FUNC_map_lookup_elem);
	emit(maker, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3, 0);
	emit(maker, BPF_LDX | BPF_MEM | BPF_DW, 8, 0, 0, 0);
	add(maker, 8, 3);
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 0, 8, 0, 0);
}

static void update_hash(struct maker *maker)
{
	int16_t at = store_key(maker, 16);

	set_map(maker, 1, RANDOM_HASH, false, 0);
	copy(maker, 2, 10);
	add(maker, 2, at);
	copy(maker, 3, 10);
	add(maker, 3, place(maker));
	set(maker, 4, BPF_ANY);
	call(maker, BPF_FUNC_map_update_elem);
}

static void call_function(struct maker *maker, uint32_t function)
{
	copy(maker, 1, number(maker));
	copy(maker, 2, number(maker));
	maker->fixups[maker->n_fixups++] =
		emit(maker, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, (int16_t)function, 0);
}

static void call_subprogram(struct maker *maker, uint32_t function)
{
	call_function(maker, function);
	copy(maker, number(maker), 0);
}

static void call_some(struct maker *maker)
{
	if (maker->calls)
		call_subprogram(maker, 1 + below(maker, 2));
}

static void loop(struct maker *maker)
{
	if (!maker->loops)
		return;
	set(maker, 1, (int32_t)below(maker, 9));
	maker->fixups[maker->n_fixups++] = emit(maker, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 3, 0);
	emit(maker, 0, 0, 0, 0, 0);
	copy(maker, 3, 10);
	add(maker, 3, place(maker));
	set(maker, 4, 0);
	call(maker, BPF_FUNC_loop);
}

/* One of the places is empty: then it goes on. */
static void tail_call(struct maker *maker)
{
	if (!maker->tails)
		return;
	copy(maker, 1, 6);
	set_map(maker, 2, RANDOM_PROGRAMS, false, 0);
	copy(maker, 3, number(maker));
	emit(maker, BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, RANDOM_TARGETS);
	call(maker, BPF_FUNC_tail_call);
}

static void point_at_packet(struct maker *maker)
{
	emit(maker, BPF_LDX | BPF_MEM | BPF_W, 7, 6, offsetof(struct xdp_md, data), 0);
	emit(maker, BPF_LDX | BPF_MEM | BPF_W, 2, 6, offsetof(struct xdp_md, data_end), 0);
	copy(maker, 3, 7);
	add(maker, 3, 14);
	emit(maker, BPF_JMP | BPF_JLE | BPF_X, 3, 2, 2, 0);
	set_constant(maker);
	leave_with(maker, maker->plugin->n_insns - 1);
}

static void adjust(struct maker *maker)
{
	bool head = below(maker, 2);

	copy(maker, 1, 6);
	set(maker, 2, head ? (int32_t)below(maker, 24) - 16 : -(int32_t)below(maker, 8));
	call(maker, head ? BPF_FUNC_xdp_adjust_head : BPF_FUNC_xdp_adjust_tail);
}

static void move_packet(struct maker *maker)
{
	adjust(maker);
	point_at_packet(maker);
}

/* With so many bits set in a byte, packets do it about half of the time. */
static size_t jump_if(struct maker *maker)
{
	static const uint8_t ops[] = { BPF_JSET, BPF_JGT, BPF_JSLT, BPF_JNE };
	uint8_t class = below(maker, 2) ? BPF_JMP32 : BPF_JMP;

	return emit(maker, class | ops[below(maker, 4)] | BPF_K, number(maker), 0, 0, constant(maker));
}

static size_t jump(struct maker *maker)
{
	return emit(maker, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

static void leave_early(struct maker *maker)
{
	size_t over = jump_if(maker), verdict = maker->plugin->n_insns;

	set_verdict(maker);
	leave_with(maker, verdict);
	land(maker, over);
}

/* One of two constants; the exit is a jump's target, and follows one of them. */
static void leave_with_either(struct maker *maker)
{
	size_t over = jump_if(maker), verdict = maker->plugin->n_insns, first, second;

	if (below(maker, 2)) {
		set_constant(maker);
		second = jump_if(maker);
	} else {
		first = jump_if(maker);
		set_constant(maker);
		second = jump(maker);
		land(maker, first);
	}
	set_constant(maker);
	land(maker, second);
	leave_with(maker, verdict);
	land(maker, over);
}

static void leave_with_result(struct maker *maker)
{
	size_t over = jump_if(maker), verdict = maker->plugin->n_insns;
	uint32_t kind = maker->mood == ANY ? below(maker, 5) : 5;
	int16_t at;

	if (kind == 0 && maker->calls) {
		call_function(maker, 1 + below(maker, 2));
	} else if (kind == 1 && maker->loops) {
		loop(maker);
	} else if (kind == 2) {
		adjust(maker);
	} else if (kind < 5) {
		at = store_key(maker, 16);
		set_map(maker, 1, RANDOM_HASH, false, 0);
		copy(maker, 2, 10);
		add(maker, 2, at);
		call(maker, BPF_FUNC_map_delete_elem);
	} else {
		set_verdict(maker);
	}
	leave_with(maker, verdict);
	land(maker, over);
}

/* Up, to an exit that is another verdict's, or to that verdict. */
static void leave_as_before(struct maker *maker)
{
	const struct way_out *way = &maker->ways[below(maker, (uint32_t)maker->n_ways)];
	bool to_exit = below(maker, 3) > 0;
	size_t over = 0, back;

	if (to_exit)
		set_constant(maker);
	if (below(maker, 2)) {
		back = jump_if(maker);
	} else {
		over = jump_if(maker);
		if (to_exit)
			set_verdict(maker);
		back = jump(maker);
		land(maker, over);
	}
	maker->plugin->insns[back].off = (int16_t)((to_exit ? way->exit : way->verdict) - back - 1);
}

static void leave_at_end(struct maker *maker)
{
	bool to_exit = below(maker, 3) > 0;

	if (to_exit)
		set_verdict(maker);
	maker->ends[maker->n_ends].jump = jump_if(maker);
	maker->ends[maker->n_ends++].to_exit = to_exit;
}

static void (*const statements[])(struct maker *) = {
	arithmetic,
	arithmetic,
	read_packet,
	read_packet,
	write_packet,
	use_stack,
	use_stack,
	spill_context,
	add_to_value,
	add_to_value,
	look_up,
	update_hash,
	call_some,
	loop,
	tail_call,
	move_packet,
	leave_early,
	leave_with_either,
	leave_with_result,
	leave_as_before,
	leave_at_end,
};

static void statement(struct maker *maker)
{
	bool over = below(maker, 4) == 0;
	size_t skip = over ? jump_if(maker) : 0;

	statements[below(maker, sizeof(statements) / sizeof(statements[0]))](maker);
	if (over)
		land(maker, skip);
}

/* ---- functions ---- */

static void begin_function(struct maker *maker)
{
	maker->plugin->functions[maker->plugin->n_functions++] = (uint32_t)maker->plugin->n_insns;
}

static void make_last_exit(struct maker *maker)
{
	size_t verdict = maker->plugin->n_insns, exit;

	set_verdict(maker);
	exit = maker->plugin->n_insns;
	leave(maker);
	for (size_t i = 0; i < maker->n_ends; i++) {
		size_t from = maker->ends[i].jump;

		maker->plugin->insns[from].off =
			(int16_t)((maker->ends[i].to_exit ? exit : verdict) - from - 1);
	}
}

static void make_main(struct maker *maker, unsigned n)
{
	begin_function(maker);
	copy(maker, 6, 1);
	point_at_packet(maker);
	set(maker, 8, constant(maker));
	set(maker, 9, constant(maker));
	for (int16_t at = 8; at <= maker->depth; at += 8)
		emit(maker, BPF_ST | BPF_MEM | BPF_DW, 10, 0, (int16_t)-at, constant(maker));
	if (maker->calls)
		call_subprogram(maker, 1); /* or it were code that nothing reaches */
	loop(maker);
	for (unsigned i = 0; i < n; i++)
		statement(maker);
	make_last_exit(maker);
}

/* The second one is called by the first one too. */
static void make_subprograms(struct maker *maker)
{
	begin_function(maker);
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 10, 1, -16, 0);
	maker->fixups[maker->n_fixups++] = emit(maker, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 2, 0);
	emit(maker, BPF_LDX | BPF_MEM | BPF_DW, 1, 10, -16, 0);
	emit(maker, BPF_ALU64 | BPF_XOR | BPF_X, 0, 1, 0, 0);
	leave(maker);

	begin_function(maker);
	set_map(maker, 3, RANDOM_VALUE, true, 8);
	emit(maker, BPF_STX | BPF_ATOMIC | BPF_DW, 3, 1, 0, BPF_ADD);
	emit(maker, BPF_JMP | BPF_JSET | BPF_K, 1, 0, 2, 5);
	set(maker, 0, verdict(maker)); /* not the plugin's */
	leave(maker);
	copy(maker, 0, 2);
	emit(maker, BPF_ALU64 | BPF_MUL | BPF_K, 0, 0, 0, constant(maker));
	leave(maker);

	if (!maker->loops)
		return;
	begin_function(maker); /* of bpf_loop: (index, a place on the stack) */
	emit(maker, BPF_LDX | BPF_MEM | BPF_DW, 3, 2, 0, 0);
	emit(maker, BPF_ALU64 | BPF_ADD | BPF_X, 3, 1, 0, 0);
	add(maker, 3, constant(maker));
	emit(maker, BPF_STX | BPF_MEM | BPF_DW, 2, 3, 0, 0);
	emit(maker, BPF_JMP | BPF_JGT | BPF_K, 1, 0, 2, 1 + (int32_t)below(maker, 8));
	set(maker, 0, 0);
	leave(maker);
	set(maker, 0, 1); /* enough */
	leave(maker);
}

void random_plugin_make(uint64_t seed, unsigned n, unsigned features, struct random_plugin *ret_plugin)
{
	struct maker maker = { .plugin = ret_plugin, .random = seed * 0x9e3779b97f4a7c15ULL + 1 };

	memset(ret_plugin, 0, sizeof(*ret_plugin));
	random_next(&maker.random);
	maker.mood = below(&maker, 2) ? ANY : (enum mood)below(&maker, MOODS);
	if (below(&maker, 16) == 0) {
		begin_function(&maker);
		set_constant(&maker);
		leave(&maker);
		return;
	}
	maker.calls = below(&maker, 4) > 0;
	maker.loops = features & RANDOM_LOOPS && maker.calls && below(&maker, 2);
	maker.tails = features & RANDOM_TAIL_CALLS && below(&maker, 5) == 0;
	maker.depth = (int16_t)(8 * (1 + below(&maker, below(&maker, 4) ? 6 : 40)));
	make_main(&maker, n);
	if (maker.calls)
		make_subprograms(&maker);
	for (size_t i = 0; i < maker.n_fixups; i++) {
		struct bpf_insn *insn = &ret_plugin->insns[maker.fixups[i]];

		insn->imm = (int32_t)(ret_plugin->functions[insn->off] - maker.fixups[i] - 1);
		insn->off = 0;
	}
}
