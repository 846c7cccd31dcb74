/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Random chains of random plugins, as slots and fused, over random packets: the same verdicts, packets, maps
 * and counters. A round is a handful of plugins and several chains of them, which differ in length, proceed
 * masks and final verdict.
 *
 *	XSLOT_FUSE_ROUNDS=N	how many rounds, 40 unless given; each is 6 chains of 256 packets
 *	XSLOT_FUSE_SEED=N	of the first round, 1 unless given; the next have the next numbers
 *
 * A case is one packet in one chain: 40 rounds have 60 thousand, XSLOT_FUSE_ROUNDS=1000 has 1.5 million.
 *
 * A difference is shrunk (fewer plugins, shorter ones, fewer packets) and reported with its seed.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "check.h"
#include "extension/program.h"
#include "kernel/fuse/fuse.h"
#include "random-load.h"
#include "random-maps.h"
#include "tiers.h"

#define PLUGINS 6
#define CHAINS 6
#define PACKETS 256

/* What a round does, before and after it is shrunk. A plugin of -1 statements is left out. */
struct round {
	uint64_t seed;
	int statements[PLUGINS];
	size_t n_packets;
};

/* A plugin that is in a slot; and the same instructions with other maps, to be fused. */
struct subject {
	int maps[2][RANDOM_MAPS];
	struct bpf_insn insns[RANDOM_INSNS_MAX];
	size_t n_insns;
	int program_fd, link_fd;
};

static struct dispatcher *dispatcher;
static struct program *target;
static int targets[RANDOM_TARGETS];
static unsigned features;
static unsigned long loaded, refused, fused, unfused, compared, through;

/* ---- plugins ---- */

/* The verifier may refuse a made-up plugin; then there is another one of the next seed. */
static void subject_init(struct subject *subject, unsigned slot, uint64_t seed, unsigned statements)
{
	static struct random_plugin plugin;
	struct bpf_insn insns[RANDOM_INSNS_MAX];
	char name[DISPATCHER_FUNCTION_MAX];
	struct random_stub stub = { .program_fd = target->fd };
	LIBBPF_OPTS(bpf_link_create_opts, options);

	random_maps_make(subject->maps[0]);
	random_maps_make(subject->maps[1]);
	dispatcher_stub(slot, BANK_A, name);
	assert_int_equal(program_find_function(target, name, &stub.function, NULL), 0);
	for (unsigned i = 0;; i++) {
		assert_true(i < 100);
		random_plugin_make(seed + (uint64_t)i * 1000003, statements, features, &plugin);
		random_maps_use(&plugin, subject->maps[0], insns);
		subject->program_fd = random_load(&plugin, insns, &stub, NULL);
		if (subject->program_fd >= 0)
			break;
		refused++;
	}
	loaded++;
	random_maps_use(&plugin, subject->maps[1], subject->insns);
	subject->n_insns = plugin.n_insns;
	assert_int_equal(random_targets_put(targets, subject->maps[0]), 0);
	assert_int_equal(random_targets_put(targets, subject->maps[1]), 0);
	options.target_btf_id = stub.function;
	subject->link_fd = bpf_link_create(subject->program_fd, target->fd, 0, &options);
	assert_true(subject->link_fd >= 0);
}

static void subject_deinit(struct subject *subject)
{
	close(subject->link_fd);
	close(subject->program_fd);
	random_maps_close(subject->maps[0]);
	random_maps_close(subject->maps[1]);
}

/* ---- rounds ---- */

/*
 * Most branches ask for bits of the first bytes: some packets are noise, the others differ from the one
 * before in a few bytes, or in their length only. Plugins remember what they saw, so a repeated packet is
 * a case of its own.
 */
static void make_packet(uint64_t *random, const struct tiers_packet *last, struct tiers_packet *packet)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint32_t kind = last ? random_below(random, 8) : 0;

	packet->size = kind < 4 || random_below(random, 4) == 0
			       ? 14 + random_below(random, random_below(random, 4) ? 64 : 400)
			       : last->size;
	if (kind >= 4)
		memcpy(packet->bytes, last->bytes, sizeof(packet->bytes));
	for (uint32_t i = 0; kind < 4 && i < sizeof(packet->bytes); i++)
		packet->bytes[i] = (uint8_t)(kind == 3 ? edges[random_below(random, sizeof(edges))]
						       : random_next(random));
	for (uint32_t i = kind < 4 ? 0 : random_below(random, 4); i > 0; i--)
		packet->bytes[random_below(random, 14)] ^= (uint8_t)(1U << random_below(random, 8));
}

static void make_packets(uint64_t *random, struct tiers_packet *packets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		make_packet(random, i ? &packets[i - 1] : NULL, &packets[i]);
}

static int compare(const struct subject *subjects, size_t n, const struct xslot_generation *generation,
	const struct tiers_packet *packets, size_t n_packets, char *ret_text, size_t size)
{
	static struct tiers_result as_slots, as_fused;
	struct xslot_generation other = *generation;

	other.fused = XSLOT_FUSED_A;
	tiers_run(dispatcher, generation, packets, n_packets, &as_slots);
	tiers_run(dispatcher, &other, packets, n_packets, &as_fused);
	compared += n_packets;
	for (int action = 0; action < XSLOT_ACTIONS; action++)
		through += as_slots.counted[XSLOT_RESULT(XSLOT_DECIDED_FINAL, action)];
	if (tiers_differ(&as_slots, &as_fused, n_packets, ret_text, size))
		return 1;
	for (size_t i = 0; i < n; i++)
		for (unsigned map = 0; map < RANDOM_MAPS; map++)
			if (tiers_maps_differ(
				    subjects[i].maps[0][map], subjects[i].maps[1][map], ret_text, size))
				return 1;
	return 0;
}

/* One chain of the first `n` plugins. */
static int run_chain(const struct subject *subjects, size_t n, const struct tiers_packet *packets,
	size_t n_packets, uint64_t *random, char *ret_text, size_t size)
{
	static const uint32_t finals[] = { XDP_PASS, XDP_DROP, XDP_TX };
	struct xslot_generation generation = *dispatcher_running(dispatcher);
	struct fuse_part parts[PLUGINS];
	struct fuse_options options = { .parts = parts, .n_parts = n, .generation = &generation };
	struct xslot_diag diag = {};
	struct fused *program = NULL;
	struct xslot_link *link = NULL;
	int r;

	generation.count = (uint32_t)n;
	generation.fused = XSLOT_FUSED_NONE;
	generation.id += 2; /* the slots come first, see compare() */
	generation.final = finals[random_below(random, 3)];
	generation.on_gap = XDP_DROP;
	for (size_t i = 0; i < n; i++) {
		generation.proceed[i] = random_below(random, 3) ? random_next(random) : 0;
		parts[i] = (struct fuse_part){
			.name = "random",
			.insns = subjects[i].insns,
			.n_insns = subjects[i].n_insns,
			.program_fd = subjects[i].program_fd,
			.btf_fd = -1,
		};
	}
	r = fused_load(&options, dispatcher, XSLOT_FUSED_A, &program, &diag);
	if (r == 0)
		r = fused_place(program, &link, &diag);
	if (r < 0 && unfused++ == 0)
		print_message("not fused: %s\n", diag.message);
	if (r == 0) {
		fused++;
		r = compare(subjects, n, &generation, packets, n_packets, ret_text, size);
	}
	xslot_link_close(link);
	fused_free(program);
	free(diag.log);
	return r > 0;
}

static int run_round(const struct round *round, char *ret_text, size_t size)
{
	static struct tiers_packet packets[PACKETS];
	static struct subject subjects[PLUGINS];
	uint64_t random = round->seed * 977 + 1;
	size_t n = 0;
	int differs = 0;

	make_packets(&random, packets, PACKETS);
	for (unsigned i = 0; i < PLUGINS; i++)
		if (round->statements[i] >= 0) {
			subject_init(&subjects[n], n, round->seed * PLUGINS + i, round->statements[i]);
			n++;
		}
	for (size_t i = 0; !differs && i < CHAINS; i++)
		differs = run_chain(subjects, i ? 1 + random_below(&random, n) : n, packets, round->n_packets,
			&random, ret_text, size);
	for (size_t i = 0; i < n; i++)
		subject_deinit(&subjects[i]);
	return differs;
}

/* ---- shrink ---- */

static int still_differs(const struct round *round)
{
	char text[256];
	size_t n = 0;

	for (unsigned i = 0; i < PLUGINS; i++)
		n += round->statements[i] >= 0;
	return n > 0 && run_round(round, text, sizeof(text));
}

static void shrink(struct round *round)
{
	for (unsigned i = 0; i < PLUGINS; i++) {
		struct round without = *round;

		without.statements[i] = -1;
		if (still_differs(&without))
			*round = without;
	}
	for (unsigned i = 0; i < PLUGINS; i++) {
		struct round shorter = *round;

		while (--shorter.statements[i] >= 0 && still_differs(&shorter))
			*round = shorter;
	}
	for (struct round fewer = *round; --fewer.n_packets > 0 && still_differs(&fewer);)
		*round = fewer;
}

static void report(struct round *round)
{
	char text[256] = "not again";

	shrink(round);
	run_round(round, text, sizeof(text));
	print_error("seed %lu, %zu packets, statements", (unsigned long)round->seed, round->n_packets);
	for (unsigned i = 0; i < PLUGINS; i++)
		print_error(" %d", round->statements[i]);
	fail_msg(": %s", text);
}

static unsigned long number(const char *variable, unsigned long fallback)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : fallback;
}

static void test_random_chains(void **state)
{
	unsigned long rounds = number("XSLOT_FUSE_ROUNDS", 40), first;
	char text[256];

	first = number("XSLOT_FUSE_SEED", 1);
	print_message("%lu rounds from XSLOT_FUSE_SEED=%lu on\n", rounds, first);
	for (unsigned long i = 0; i < rounds; i++) {
		struct round round = { .seed = first + i, .n_packets = PACKETS };
		uint64_t random = round.seed + 1;

		for (unsigned j = 0; j < PLUGINS; j++)
			round.statements[j] = (int)random_below(&random, RANDOM_STATEMENTS_MAX);
		if (run_round(&round, text, sizeof(text))) {
			print_error("seed %lu: %s\n", round.seed, text);
			report(&round);
		}
	}
	print_message("%lu plugins (the verifier refused %lu more), %lu chains fused, %lu not; %lu packets "
		      "compared, %lu went through\n",
		loaded, refused, fused, unfused, compared, through);
	/* Or little was tested. */
	assert_true(refused < loaded / 2 + 2);
	assert_true(unfused < fused / 4 + 2);
	assert_true(through > compared / 20);
}

/* Not those of Linux 5.10: an XDP program does not go into the array that such an extension uses. */
static bool extensions_tail_call(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
			.dst_reg = 2,
			.src_reg = BPF_PSEUDO_MAP_FD,
			.imm = RANDOM_PROGRAMS },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XSLOT_NEXT },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct random_plugin plugin = { .n_insns = sizeof(insns) / sizeof(insns[0]), .n_functions = 1 };
	struct bpf_insn with_maps[RANDOM_INSNS_MAX];
	struct random_stub stub = { .program_fd = target->fd };
	int maps[RANDOM_MAPS], program, r;

	memcpy(plugin.insns, insns, sizeof(insns));
	random_maps_make(maps);
	random_maps_use(&plugin, maps, with_maps);
	assert_int_equal(program_find_function(target, "slot_0_a", &stub.function, NULL), 0);
	program = random_load(&plugin, with_maps, &stub, NULL);
	r = program < 0 ? program : random_targets_put(targets, maps);
	close(program);
	random_maps_close(maps);
	return r == 0;
}

static int set_up(void **state)
{
	struct xslot_diag diag = {};

	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_loop, NULL) == 1)
		features |= RANDOM_LOOPS;
	if (dispatcher_load(false, &dispatcher, &diag) < 0 ||
		program_open(dispatcher_fd(dispatcher), dispatcher_types(dispatcher), &target, &diag) < 0)
		fail_msg("%s", diag.message);
	random_targets_load(targets);
	if (extensions_tail_call())
		features |= RANDOM_TAIL_CALLS;
	return 0;
}

static int tear_down(void **state)
{
	for (unsigned i = 0; i < RANDOM_TARGETS; i++)
		close(targets[i]);
	program_close(target);
	dispatcher_free(dispatcher);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_chains) };

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("fuse-random", tests, set_up, tear_down);
}
