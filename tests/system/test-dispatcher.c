/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The dispatcher on its own: every verdict rule, and swaps under live frames. Plugins are bare extensions. */
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "fill.h"
#include "kernel/dispatcher/counters.h"
#include "kernel/dispatcher/dispatcher.h"
#include "kernel/dispatcher/grace.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/features.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

static struct xslot_diag diag;

/* A dispatcher with slots filled, each by an extension that returns a value of its own. */
struct chain {
	struct dispatcher *dispatcher;
	struct fill fills[2][XSLOT_MAX_SLOTS];
	struct xslot_generation generation;
	uint64_t sent;
};

static void chain_init(struct chain *chain)
{
	*chain = (struct chain){ 0 };
	if (dispatcher_load(false, &chain->dispatcher, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	chain->generation = *dispatcher_running(chain->dispatcher);
}

static void chain_deinit(struct chain *chain)
{
	for (unsigned bank = 0; bank < 2; bank++)
		for (unsigned slot = 0; slot < XSLOT_MAX_SLOTS; slot++)
			if (chain->fills[bank][slot].object)
				fill_empty(&chain->fills[bank][slot]);
	dispatcher_free(chain->dispatcher);
}

static void chain_fill(struct chain *chain, unsigned slot, enum bank bank, const char *program, int value)
{
	char stub[DISPATCHER_FUNCTION_MAX];

	dispatcher_stub(slot, bank, stub);
	chain->fills[bank][slot] = fill_stub(chain->dispatcher, stub, VERDICT_OBJECT, program, value);
}

/* Make `chain->generation` the running one. */
static void chain_swap(struct chain *chain)
{
	chain->generation.id = dispatcher_running(chain->dispatcher)->id + 1;
	dispatcher_prepare(chain->dispatcher, &chain->generation);
	dispatcher_swap(chain->dispatcher);
}

/* Send `n` packets; all must get the same verdict, which is returned. */
static uint32_t chain_send(struct chain *chain, unsigned n)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(
		bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet), .repeat = n);

	assert_int_equal(bpf_prog_test_run_opts(dispatcher_fd(chain->dispatcher), &options), 0);
	chain->sent += n;
	return options.retval;
}

/* The packets of all parities in one cell, or in all (`decider` negative). */
static uint64_t chain_count(const struct chain *chain, int decider, int outcome)
{
	uint64_t cells[XSLOT_DECIDERS][XSLOT_OUTCOMES], sum = 0;

	for (unsigned parity = 0; parity < XSLOT_PARITIES; parity++) {
		dispatcher_count(chain->dispatcher, parity, cells);
		for (int d = 0; d < XSLOT_DECIDERS; d++)
			for (int o = 0; o < XSLOT_OUTCOMES; o++)
				if (decider < 0 || (d == decider && o == outcome))
					sum += cells[d][o];
	}
	return sum;
}

#define assert_counted(chain, decider, outcome, n) assert_int_equal(chain_count(chain, decider, outcome), n)

static void test_empty(void **state)
{
	struct chain chain;

	chain_init(&chain);
	assert_int_equal(chain.generation.id, 0);
	assert_int_equal(chain.generation.count, 0);
	assert_int_equal(chain_send(&chain, 7), XDP_PASS);
	assert_counted(&chain, XSLOT_DECIDED_FINAL, XDP_PASS, 7);
	assert_counted(&chain, -1, 0, 7);
	chain_deinit(&chain);
}

/* What a slot returns, and what becomes of it. */
static const struct {
	int value;
	uint32_t verdict, outcome;
} cases[] = {
	{ XDP_ABORTED, XDP_ABORTED, XDP_ABORTED },
	{ XDP_DROP, XDP_DROP, XDP_DROP },
	{ XDP_PASS, XDP_PASS, XDP_PASS },
	{ XDP_TX, XDP_TX, XDP_TX },
	{ XDP_REDIRECT, XDP_REDIRECT, XDP_REDIRECT },
	{ 5, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 29, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 32, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 32 + XDP_PASS, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ -1, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 1 << 30, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ XSLOT_GAP, XDP_DROP, XSLOT_OUTCOME_GAP },
	/* With a reason: only an action has one, and only behind the mark. */
	{ 0x58000101, XDP_DROP, XDP_DROP },
	{ 0x58ffff02, XDP_PASS, XDP_PASS },
	{ 0x58123400, XDP_ABORTED, XDP_ABORTED },
	{ 0x58000004, XDP_REDIRECT, XDP_REDIRECT },
	{ 0x58000105, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x5800011e, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x5800011f, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x580001ff, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x59000102, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x57000102, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ (int)0xd8000102, XDP_ABORTED, XSLOT_OUTCOME_BAD },
	{ 0x00000102, XDP_ABORTED, XSLOT_OUTCOME_BAD },
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chain chain;

		chain_init(&chain);
		chain_fill(&chain, 0, BANK_A, "next", 0);
		chain_fill(&chain, 1, BANK_B, "verdict", cases[i].value);
		chain.generation.count = 2;
		chain.generation.banks = 1 << 1;
		chain.generation.final = XDP_TX;
		chain.generation.on_gap = XDP_DROP;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 3), cases[i].verdict);
		assert_counted(&chain, 1, cases[i].outcome, 3);
		assert_counted(&chain, -1, 0, 3);

		/* A proceed mask with every bit set turns an XDP action into "next", and nothing else. */
		chain.generation.proceed[1] = ~0U;
		chain_swap(&chain);
		if (cases[i].outcome < XSLOT_ACTIONS) {
			assert_int_equal(chain_send(&chain, 4), XDP_TX);
			assert_counted(&chain, XSLOT_DECIDED_FINAL, XDP_TX, 4);
		} else {
			assert_int_equal(chain_send(&chain, 4), cases[i].verdict);
			assert_counted(&chain, 1, cases[i].outcome, 7);
		}
		assert_counted(&chain, -1, 0, 7);
		chain_deinit(&chain);
	}
}

static void test_proceed_mask_is_by_slot_and_action(void **state)
{
	struct chain chain;

	chain_init(&chain);
	chain_fill(&chain, 0, BANK_A, "verdict", XDP_PASS);
	chain_fill(&chain, 1, BANK_A, "verdict", XDP_DROP);
	chain_fill(&chain, 2, BANK_A, "verdict", XDP_TX);
	chain.generation.count = 3;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_PASS);
	chain.generation.proceed[0] = 1 << XDP_DROP | 1 << XDP_TX;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_PASS);
	chain.generation.proceed[0] = 1 << XDP_PASS;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_DROP);
	chain.generation.proceed[1] = 1 << XDP_DROP;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_TX);
	chain.generation.proceed[2] = 1 << XDP_TX;
	chain.generation.final = XDP_DROP;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_DROP);
	assert_counted(&chain, 0, XDP_PASS, 2);
	assert_counted(&chain, 1, XDP_DROP, 1);
	assert_counted(&chain, 2, XDP_TX, 1);
	assert_counted(&chain, XSLOT_DECIDED_FINAL, XDP_DROP, 1);
	chain_deinit(&chain);
}

/* All 32 slots, each in both banks: the deciding slot is the one that is told to decide. */
static void test_every_slot_and_bank(void **state)
{
	struct chain chain;
	uint32_t some = 0x5a96c3e1;

	chain_init(&chain);
	for (unsigned slot = 0; slot < XSLOT_MAX_SLOTS; slot++) {
		chain_fill(&chain, slot, BANK_A, "verdict", XDP_DROP);
		chain_fill(&chain, slot, BANK_B, "verdict", XDP_TX);
	}
	chain.generation.count = XSLOT_MAX_SLOTS;
	for (unsigned slot = 0; slot < XSLOT_MAX_SLOTS; slot++) {
		for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
			chain.generation.proceed[i] = i == slot ? 0 : 1 << XDP_DROP | 1 << XDP_TX;
		chain.generation.banks = some;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 1), some >> slot & 1 ? XDP_TX : XDP_DROP);
		chain.generation.banks = ~some;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 1), some >> slot & 1 ? XDP_DROP : XDP_TX);
		assert_counted(&chain, slot, XDP_DROP, 1);
		assert_counted(&chain, slot, XDP_TX, 1);
	}
	/* The count ends the chain before that slot, whichever bank it runs. */
	for (unsigned count = 1; count <= XSLOT_MAX_SLOTS; count++) {
		chain.generation.count = count;
		memset(chain.generation.proceed, 0xff, sizeof(chain.generation.proceed));
		if (count < XSLOT_MAX_SLOTS)
			chain.generation.proceed[count] = 0;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 1), XDP_PASS);
	}
	assert_counted(&chain, -1, 0, chain.sent);
	chain_deinit(&chain);
}

static void test_gap(void **state)
{
	static const uint32_t verdicts[] = { XDP_ABORTED, XDP_PASS, XDP_DROP };
	struct chain chain;

	chain_init(&chain);
	chain_fill(&chain, 0, BANK_A, "next", 0);
	chain.generation.count = 2; /* slot 1 is a stub */
	for (size_t i = 0; i < 3; i++) {
		chain.generation.on_gap = verdicts[i];
		chain.generation.final = XDP_TX;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 5), verdicts[i]);
		assert_counted(&chain, 1, XSLOT_OUTCOME_GAP, 5 * (i + 1));
	}
	assert_counted(&chain, -1, 0, 15);
	chain_deinit(&chain);
}

static void test_bypass(void **state)
{
	struct chain chain;

	chain_init(&chain);
	chain_fill(&chain, 0, BANK_A, "verdict", XDP_DROP);
	chain.generation.count = chain.generation.configured_count = 1;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_DROP);
	chain.generation.count = 0;
	chain.generation.fused = XSLOT_FUSED_A; /* bypass beats a fused program too */
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_PASS);
	assert_int_equal(dispatcher_running(chain.dispatcher)->configured_count, 1);
	chain.generation.count = 1;
	chain.generation.fused = XSLOT_FUSED_NONE;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_DROP);
	chain_deinit(&chain);
}

/* A fused program counts by itself, and its action is the verdict; its stub is a gap. */
static void test_fused(void **state)
{
	static const uint32_t verdicts[] = { XDP_TX, XDP_PASS, XDP_ABORTED, XDP_REDIRECT };
	char stub[DISPATCHER_FUNCTION_MAX];
	struct chain chain;

	chain_init(&chain);
	chain.generation.count = 3;
	chain.generation.on_gap = XDP_DROP;
	for (unsigned fused = XSLOT_FUSED_A; fused <= XSLOT_FUSED_STUBS; fused++) {
		chain.generation.fused = fused;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 1), XDP_DROP);
		assert_counted(&chain, XSLOT_DECIDED_FINAL, XSLOT_OUTCOME_GAP, fused);
	}
	for (unsigned fused = XSLOT_FUSED_A; fused <= XSLOT_FUSED_STUBS; fused++) {
		dispatcher_fused_stub(fused, stub);
		chain.fills[BANK_A][fused] = fill_stub(chain.dispatcher, stub, VERDICT_OBJECT, "verdict",
			(int)verdicts[fused - XSLOT_FUSED_A]);
	}
	for (unsigned i = 0; i < 2 * XSLOT_FUSED_STUBS; i++) {
		chain.generation.fused = XSLOT_FUSED_A + i * 3 % XSLOT_FUSED_STUBS;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 2), verdicts[i * 3 % XSLOT_FUSED_STUBS]);
	}
	assert_counted(&chain, -1, 0, XSLOT_FUSED_STUBS);
	chain_deinit(&chain);
}

/* Each generation's packets are counted under its parity; swap back and forth moves only between the two. */
static void test_parity(void **state)
{
	uint64_t cells[XSLOT_DECIDERS][XSLOT_OUTCOMES];
	struct chain chain;

	chain_init(&chain);
	chain_send(&chain, 1); /* id 0 */
	chain.generation.final = XDP_DROP;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 2), XDP_DROP);
	dispatcher_swap(chain.dispatcher); /* roll back */
	assert_int_equal(dispatcher_running(chain.dispatcher)->id, 0);
	assert_int_equal(chain_send(&chain, 4), XDP_PASS);
	dispatcher_count(chain.dispatcher, 0, cells);
	assert_int_equal(cells[XSLOT_DECIDED_FINAL][XDP_PASS], 5);
	assert_int_equal(cells[XSLOT_DECIDED_FINAL][XDP_DROP], 0);
	dispatcher_count(chain.dispatcher, 1, cells);
	assert_int_equal(cells[XSLOT_DECIDED_FINAL][XDP_PASS], 0);
	assert_int_equal(cells[XSLOT_DECIDED_FINAL][XDP_DROP], 2);
	chain_deinit(&chain);
}

/* Four stand side by side: what runs, and three more, of which each can run again as it was written. */
static void test_four_generations(void **state)
{
	static const uint32_t verdicts[] = { XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT };
	uint64_t cells[XSLOT_DECIDERS][XSLOT_OUTCOMES];
	struct chain chain;

	chain_init(&chain);
	for (unsigned i = 1; i < XSLOT_GENERATIONS; i++) {
		chain.generation.final = verdicts[i];
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, i), verdicts[i]);
	}
	for (unsigned i = 0; i < XSLOT_GENERATIONS; i++) {
		const struct xslot_generation *generation = dispatcher_generation(chain.dispatcher, i);

		assert_int_equal(generation->id, i);
		assert_int_equal(generation->final, verdicts[i]);
		dispatcher_count(chain.dispatcher, i, cells);
		assert_int_equal(cells[XSLOT_DECIDED_FINAL][verdicts[i]], i);
	}
	assert_counted(&chain, -1, 0, chain.sent);
	/* Any that does not run may be written, over whatever it was. */
	chain.generation = *dispatcher_running(chain.dispatcher);
	chain.generation.id += 3;
	chain.generation.final = XDP_TX;
	dispatcher_prepare(chain.dispatcher, &chain.generation);
	assert_int_equal(chain_send(&chain, 1), XDP_REDIRECT);
	dispatcher_swap(chain.dispatcher);
	assert_int_equal(chain_send(&chain, 1), XDP_TX);
	assert_int_equal(dispatcher_generation(chain.dispatcher, 2)->id, 6);
	assert_int_equal(dispatcher_idle(chain.dispatcher)->id, 3);
	chain_deinit(&chain);
}

/* As an older host has it: two generations, two parities, two fused stubs, and the numbers of its memory. */
static void test_layout_before(void **state)
{
	uint64_t cells[XSLOT_DECIDERS][XSLOT_OUTCOMES];
	const struct layout *layout;
	struct chain chain;

	assert_int_equal(layout_make(XSLOT_LAYOUT_BEFORE), 0);
	chain_init(&chain);
	assert_int_equal(layout_make(XSLOT_STATE_LAYOUT), 0);
	layout = dispatcher_layout(chain.dispatcher);
	assert_int_equal(layout->number, 2);
	assert_int_equal(layout->generations, 2);
	assert_int_equal(dispatcher_version(chain.dispatcher), 2);
	assert_int_equal(counters_row_size(dispatcher_counters(chain.dispatcher)), 4224);
	chain_fill(&chain, 0, BANK_A, "verdict", XDP_TX);
	chain_fill(&chain, 0, BANK_B, "verdict", XDP_PASS);
	chain.fills[BANK_A][1] =
		fill_stub(chain.dispatcher, "fused_a", VERDICT_OBJECT, "verdict", XDP_REDIRECT);
	chain.fills[BANK_B][1] = fill_stub(chain.dispatcher, "fused_b", VERDICT_OBJECT, "verdict", XDP_DROP);
	chain.generation.count = 1;
	for (unsigned i = 1; i <= 8; i++) {
		chain.generation.banks = i / 2 % 2;
		chain.generation.fused = i % 3;
		chain_swap(&chain);
		assert_int_equal(chain_send(&chain, 1), i % 3 == 0   ? (i / 2 % 2 ? XDP_PASS : XDP_TX)
							: i % 3 == 1 ? XDP_REDIRECT
								     : XDP_DROP);
	}
	dispatcher_count(chain.dispatcher, 1, cells); /* 3 */
	assert_int_equal(cells[0][XDP_PASS], 1);
	dispatcher_count(chain.dispatcher, 0, cells); /* 6 */
	assert_int_equal(cells[0][XDP_PASS], 1);
	chain.generation.fused = XSLOT_FUSED_NONE;
	chain.generation.count = 0;
	chain_swap(&chain);
	assert_int_equal(chain_send(&chain, 1), XDP_PASS);
	assert_int_equal(dispatcher_running(chain.dispatcher)->id, 9);
	assert_int_equal(dispatcher_idle(chain.dispatcher)->id, 8);
	chain_deinit(&chain);
}

/* Live frames into the dispatcher, on the second CPU, until told to stop. */
struct sender {
	int program_fd;
	bool stop;
	uint64_t sent;
};

static int send_some_live_frames(struct sender *sender)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 4096, .batch_size = 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(sender->program_fd, &options) < 0)
		return -errno;
	sender->sent += options.repeat;
	return 0;
}

static void *send_live_frames(void *data)
{
	struct sender *sender = data;
	cpu_set_t second;

	CPU_ZERO(&second);
	CPU_SET(1, &second);
	pthread_setaffinity_np(pthread_self(), sizeof(second), &second);
	while (!__atomic_load_n(&sender->stop, __ATOMIC_RELAXED) && send_some_live_frames(sender) == 0)
		;
	return NULL;
}

/* What program `slow` counted. */
static uint64_t seen(const struct fill *fill)
{
	const uint32_t key = 0;
	uint64_t value = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, fill->object)
	{
		if (strstr(bpf_map__name(map), ".bss"))
			assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map), &key, &value), 0);
	}
	return value;
}

/*
 * 100 transactions under traffic, each of which moves two slots at once: one that stamps packets with a
 * number and one behind it that drops what bears this number and passes what does not. A packet that meets a
 * stub is a gap; one that is passed met the one slot's old program and the other's new one. The plugin in
 * front is slow, so that packets are on their way to the slots whenever the host swaps.
 */
static void test_swap_under_live_frames(void **state)
{
	struct grace *grace = NULL;
	struct sender sender = { 0 };
	struct chain chain;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("one CPU: a swap cannot meet a packet here\n");
		skip();
	}
	assert_int_equal(grace_new(&grace, &diag), 0);
	chain_init(&chain);
	chain_fill(&chain, 0, BANK_A, "slow", 100);
	chain_fill(&chain, 1, BANK_A, "stamp_first", 0);
	chain_fill(&chain, 2, BANK_A, "match_first", 0);
	chain.generation.count = 3;
	chain_swap(&chain);

	sender.program_fd = dispatcher_fd(chain.dispatcher);
	if (send_some_live_frames(&sender) < 0) {
		print_message("this kernel has no live frames (Linux 5.18)\n");
		chain_deinit(&chain);
		grace_free(grace);
		skip();
	}
	assert_int_equal(pthread_create(&thread, NULL, send_live_frames, &sender), 0);
	for (int i = 1; i <= 100; i++) {
		enum bank new = i & 1 ? BANK_B : BANK_A, old = !new;

		chain_fill(&chain, 1, new, "stamp_first", i);
		chain_fill(&chain, 2, new, "match_first", i);
		chain.generation.banks = new == BANK_B ? 6 : 0;
		chain_swap(&chain);
		assert_int_equal(grace_wait(grace, &diag), 0);
		fill_empty(&chain.fills[old][1]);
		fill_empty(&chain.fills[old][2]);
	}
	__atomic_store_n(&sender.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	print_message("%lu packets sent, %lu seen, %lu met a stub, %lu met a mixture\n", sender.sent,
		seen(&chain.fills[BANK_A][0]),
		chain_count(&chain, 1, XSLOT_OUTCOME_GAP) + chain_count(&chain, 2, XSLOT_OUTCOME_GAP),
		chain_count(&chain, 2, XDP_PASS));
	assert_true(sender.sent > 0);
	assert_counted(&chain, 1, XSLOT_OUTCOME_GAP, 0);
	assert_counted(&chain, 2, XSLOT_OUTCOME_GAP, 0);
	assert_counted(&chain, 2, XDP_PASS, 0);
	assert_counted(&chain, -1, 0, seen(&chain.fills[BANK_A][0]));
	assert_counted(&chain, 2, XDP_DROP, seen(&chain.fills[BANK_A][0]));
	assert_true(seen(&chain.fills[BANK_A][0]) >= sender.sent);
	chain_deinit(&chain);
	grace_free(grace);
}

static void test_features(void **state)
{
	struct feature *features = NULL;
	size_t n = features_probe(&features);

	assert_true(n >= 6);
	for (size_t i = 0; i < n; i++) {
		print_message("%s: %s%s\n", features[i].name,
			features[i].available ? "yes" : "no: ", features[i].why);
		assert_int_equal(features[i].available, features[i].why[0] == '\0');
	}
	assert_string_equal(features[0].name, "freplace");
	assert_true(features[0].available); /* this program could not have come so far */
	free(features);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_proceed_mask_is_by_slot_and_action),
		cmocka_unit_test(test_every_slot_and_bank),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_bypass),
		cmocka_unit_test(test_fused),
		cmocka_unit_test(test_parity),
		cmocka_unit_test(test_four_generations),
		cmocka_unit_test(test_layout_before),
		cmocka_unit_test(test_swap_under_live_frames),
		cmocka_unit_test(test_features),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("dispatcher", tests, NULL, NULL);
}
