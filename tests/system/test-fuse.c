/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain's plugins in slots of a dispatcher and the same plugins fused: packets must not see a difference.
 * Each plugin is there twice, with maps of its own: in bank A it runs as a slot, in bank B it is only there
 * for its instructions, which the fused program was made of.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <xslot/extension.h>

#include "check.h"
#include "fill.h"
#include "kernel/fuse/fuse.h"
#include "tiers.h"

struct plugin {
	const char *program;
	int value;
	uint32_t proceed;
};

struct chain {
	struct dispatcher *dispatcher;
	struct fill fills[2][XSLOT_MAX_SLOTS];
	struct fuse_part parts[XSLOT_MAX_SLOTS];
	size_t n;
	struct xslot_generation generation;
	struct fused *fused;
	struct xslot_link *link;
};

static const struct bpf_program *loaded_program(const struct fill *fill)
{
	struct bpf_program *program;

	bpf_object__for_each_program(
		program, fill->object) if (bpf_program__autoload(program)) return program;
	return NULL;
}

/* What `jumps` finds in its array: `says`, as an XDP program. */
static struct bpf_object *load_target(int value)
{
	struct bpf_object *object = bpf_object__open_file(FUSE_OBJECT, NULL);
	struct bpf_program *program;
	struct bpf_map *map;
	size_t size;

	assert_non_null(object);
	bpf_object__for_each_program(program, object)
	{
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), "says") == 0);
		bpf_program__set_expected_attach_type(program, 0); /* as extensions have it */
	}
	map = bpf_object__find_map_by_name(object, ".rodata");
	assert_non_null(map);
	memcpy((void *)bpf_map__initial_value(map, &size), &value, sizeof(value));
	assert_int_equal(bpf_object__load(object), 0);
	return object;
}

static void fill_array(const struct fill *fill, const struct bpf_object *target)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(target, "says"));
	int array = bpf_object__find_map_fd_by_name(fill->object, "programs");
	const uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(array, &zero, &fd, BPF_ANY), 0);
}

static void chain_init(struct chain *chain, const struct plugin *plugins, size_t n)
{
	struct xslot_diag diag = {};

	*chain = (struct chain){ .n = n };
	if (dispatcher_load(false, &chain->dispatcher, &diag) < 0)
		fail_msg("%s", diag.message);
	chain->generation = *dispatcher_running(chain->dispatcher);
	chain->generation.count = chain->generation.configured_count = n;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned bank = 0; bank < 2; bank++) {
			char stub[DISPATCHER_FUNCTION_MAX];

			dispatcher_stub(i, bank, stub);
			chain->fills[bank][i] = fill_stub(
				chain->dispatcher, stub, FUSE_OBJECT, plugins[i].program, plugins[i].value);
		}
		chain->generation.proceed[i] = plugins[i].proceed;
		chain->parts[i] = (struct fuse_part){
			.name = plugins[i].program,
			.insns = bpf_program__insns(loaded_program(&chain->fills[BANK_B][i])),
			.n_insns = bpf_program__insn_cnt(loaded_program(&chain->fills[BANK_B][i])),
			.program_fd = bpf_program__fd(loaded_program(&chain->fills[BANK_B][i])),
			.btf_fd = bpf_object__btf_fd(chain->fills[BANK_B][i].object),
			.object = FUSE_OBJECT,
		};
	}
}

static void chain_deinit(struct chain *chain)
{
	xslot_link_close(chain->link);
	fused_free(chain->fused);
	for (size_t i = 0; i < chain->n; i++) {
		fill_empty(&chain->fills[BANK_A][i]);
		fill_empty(&chain->fills[BANK_B][i]);
	}
	dispatcher_free(chain->dispatcher);
}

static int chain_fuse(struct chain *chain, uint32_t stub, struct xslot_diag *diag)
{
	/* The next but one: chain_compare() sends the packets through the slots first. */
	struct xslot_generation generation = chain->generation;
	const struct fuse_options options = {
		.parts = chain->parts, .n_parts = chain->n, .generation = &generation
	};
	int r;

	generation.id = dispatcher_running(chain->dispatcher)->id + 2;
	r = fused_load(&options, chain->dispatcher, stub, &chain->fused, diag);

	return r < 0 ? r : fused_place(chain->fused, &chain->link, diag);
}

static void chain_must_fuse(struct chain *chain, uint32_t stub)
{
	struct xslot_diag diag = {};

	if (chain_fuse(chain, stub, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
}

/* The maps of both; .rodata too, which is the same, and .bss. */
static void assert_same_maps(const struct chain *chain)
{
	char text[256];

	for (size_t i = 0; i < chain->n; i++) {
		struct bpf_map *a = NULL, *b = NULL;

		while ((a = bpf_object__next_map(chain->fills[BANK_A][i].object, a))) {
			b = bpf_object__next_map(chain->fills[BANK_B][i].object, b);
			if (tiers_maps_differ(bpf_map__fd(a), bpf_map__fd(b), text, sizeof(text)))
				fail_msg("slot %zu, %s: %s", i, chain->parts[i].name, text);
		}
	}
}

/* Send the packets both ways. `ret_result` is what the slots made of them. */
static void chain_compare(struct chain *chain, uint32_t stub, const struct tiers_packet *packets, size_t n,
	struct tiers_result *ret_result)
{
	static struct tiers_result fused;
	char text[256];

	chain->generation.fused = XSLOT_FUSED_NONE;
	tiers_run(chain->dispatcher, &chain->generation, packets, n, ret_result);
	chain->generation.fused = stub;
	tiers_run(chain->dispatcher, &chain->generation, packets, n, &fused);
	if (tiers_differ(ret_result, &fused, n, text, sizeof(text)))
		fail_msg("%s", text);
	assert_same_maps(chain);
}

/* Packets that `says` reads: `verdict` for the plugin of value `plugin`. */
static struct tiers_packet saying(uint8_t plugin, uint32_t verdict)
{
	struct tiers_packet packet = { .size = 64 + verdict % 100 };

	for (uint32_t i = 6; i < packet.size; i++)
		packet.bytes[i] = i * 7 + verdict;
	packet.bytes[1] = plugin;
	memcpy(packet.bytes + 2, &verdict, sizeof(verdict));
	return packet;
}

static const uint32_t verdicts[] = { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT, 5, 6, 7, 29,
	XSLOT_GAP, XSLOT_NEXT, 32, 32 + XDP_PASS, 264, 1U << 30, 1U << 31, ~0U, XSLOT_REASONED(XDP_DROP, 1),
	XSLOT_REASONED(XDP_PASS, XSLOT_REASON_MAX), XSLOT_REASONED(XDP_ABORTED, 0x1f),
	XSLOT_REASONED(XSLOT_NEXT, 3), XSLOT_REASONED(XSLOT_GAP, 0), XSLOT_REASONED(5, 7),
	XSLOT_REASONED(XDP_TX, 9) ^ 1U << 31, XSLOT_REASONED(XDP_TX, 9) ^ 1U << 24 };

#define N_VERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))
#define N(array) (sizeof(array) / sizeof((array)[0]))

static void run_verdicts(const struct plugin *plugins, size_t n, uint32_t stub)
{
	struct tiers_packet packets[N_VERDICTS * 2];
	static struct tiers_result result;
	struct chain chain;

	chain_init(&chain, plugins, n);
	chain.generation.final = XDP_TX;
	chain.generation.on_gap = XDP_DROP;
	chain_must_fuse(&chain, stub);
	for (size_t i = 0; i < N_VERDICTS; i++) {
		packets[i] = saying(1, verdicts[i]);
		packets[N_VERDICTS + i] = saying((uint8_t)n, verdicts[i]);
	}
	chain_compare(&chain, stub, packets, N(packets), &result);
	chain_deinit(&chain);
}

static void test_every_verdict(void **state)
{
	const struct plugin plugins[] = { { "says", 1, 0 }, { "says", 2, 0 }, { "says", 3, 0 } };

	run_verdicts(plugins, 3, XSLOT_FUSED_A);
	run_verdicts(plugins, 2, XSLOT_FUSED_B);
	run_verdicts(plugins, 1, XSLOT_FUSED_A);
}

static void test_every_proceed_mask(void **state)
{
	for (uint32_t mask = 0; mask < 64; mask += 3) {
		const struct plugin plugins[] = { { "says", 1, mask }, { "says", 2, ~mask },
			{ "passes", 90, ~0U } };

		run_verdicts(plugins, 3, XSLOT_FUSED_A + mask % XSLOT_FUSED_STUBS);
	}
}

static void fill_random(struct tiers_packet *packets, size_t n)
{
	srandom(1);
	for (size_t i = 0; i < n; i++) {
		packets[i].size = 14 + random() % (i % 8 == 7 ? 20 : 300);
		for (uint32_t j = 0; j < packets[i].size; j++)
			packets[i].bytes[j] = random();
		if (i % 2)
			packets[i] = saying(1 + random() % 4, verdicts[random() % N_VERDICTS]);
	}
}

/* Linux 5.17 */
static bool has_loops(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_loop, NULL) == 1;
}

/* `folds` hands the context to a global function, which Linux 5.10 refuses to extensions. */
static void skip_without_folds(void)
{
	struct utsname kernel;

	if (uname(&kernel) < 0 || strncmp(kernel.release, "5.10.", 5))
		return;
	print_message("Linux 5.10 does not load an extension that hands the context to a global function\n");
	skip();
}

/* Everything that must be moved, next to each other, and some of it twice. */
static void test_everything_at_once(void **state)
{
	struct plugin plugins[] = {
		{ "counter", 1, 0 },
		{ "folds", 3, 0 },
		{ "deep", 5, 0 },
		{ "says", 1, 1 << XDP_PASS },
		{ "pushes", 17, 0 },
		{ "loops", 2, 0 },
		{ "passes", 40, 1 << XDP_PASS },
		{ "folds", 9, 0 },
		{ "says", 2, 0 },
		{ "counter", 6, 0 },
		{ "loops", 8, 0 },
		{ "deep", 1, 0 },
		{ "counter", 11, 0 },
	};
	struct tiers_packet packets[TIERS_PACKETS_MAX] = {};
	static struct tiers_result result;
	uint64_t through = 0;
	struct chain chain;

	skip_without_folds();
	for (size_t i = 0; !has_loops() && i < N(plugins); i++)
		if (strcmp(plugins[i].program, "loops") == 0)
			plugins[i].program = "folds";

	chain_init(&chain, plugins, N(plugins));
	chain_must_fuse(&chain, XSLOT_FUSED_A);
	print_message("%zu plugins fused: %zu instructions\n", chain.n, fused_instructions(chain.fused));
	fill_random(packets, TIERS_PACKETS_MAX);
	for (int i = 0; i < 20; i++) {
		chain_compare(&chain, XSLOT_FUSED_A, packets, TIERS_PACKETS_MAX, &result);
		through += result.counted[XSLOT_RESULT(XSLOT_DECIDED_FINAL, XDP_PASS)];
	}
	assert_true(through > 20); /* or the last plugins were not tested */
	chain_deinit(&chain);
}

/* 32 slots, all but one of which have something to say, and two maps: with the counters' as many as go in. */
static void test_longest_chain(void **state)
{
	struct plugin plugins[XSLOT_MAX_SLOTS];
	struct tiers_packet packets[XSLOT_MAX_SLOTS];
	static struct tiers_result result;
	struct chain chain;

	for (int i = 0; i < XSLOT_MAX_SLOTS; i++) {
		plugins[i] = (struct plugin){ i == 7 ? "idles" : "says", i + 1, 0 };
		packets[i] = saying(i + 1, i % 5);
	}
	plugins[7].value =
		TIERS_PACKET_MAX; /* no packet is as long; it has one map, for those of the counters */
	chain_init(&chain, plugins, XSLOT_MAX_SLOTS);
	chain_must_fuse(&chain, XSLOT_FUSED_B);
	chain_compare(&chain, XSLOT_FUSED_B, packets, XSLOT_MAX_SLOTS, &result);
	for (int i = 0; i < XSLOT_MAX_SLOTS; i++)
		if (i != 7)
			assert_int_equal(result.counted[XSLOT_RESULT(i, i % 5)], 1);
	chain_deinit(&chain);
}

/* 32 slots with two maps each, of which one holds constants that stay where they are: these become one. */
static void test_constants_of_many(void **state)
{
	struct plugin plugins[XSLOT_MAX_SLOTS];
	struct tiers_packet packets[XSLOT_MAX_SLOTS];
	static struct tiers_result result;
	struct chain chain;

	for (int i = 0; i < XSLOT_MAX_SLOTS; i++) {
		plugins[i] = (struct plugin){ "reads", i + 1, 0 };
		packets[i] = saying(i + 1, i % 5);
	}
	chain_init(&chain, plugins, XSLOT_MAX_SLOTS);
	chain_must_fuse(&chain, XSLOT_FUSED_A);
	chain_compare(&chain, XSLOT_FUSED_A, packets, XSLOT_MAX_SLOTS, &result);
	for (int i = 0; i < XSLOT_MAX_SLOTS; i++)
		assert_int_equal(result.counted[XSLOT_RESULT(i, i % 5)], 1);
	chain_deinit(&chain);
}

/*
 * Linux 5.10 loads no extension that tail-calls. In front of one, behind one, between two; one alone.
 */
static void test_tail_calls(void **state)
{
	const struct plugin plugins[] = { { "jumps", 40, 0 }, { "counter", 1, 0 },
		{ "says", 1, 1 << XDP_PASS }, { "jumps", 50, 1 << XDP_TX }, { "folds", 3, 0 },
		{ "jumps", 60, 0 }, { "counter", 6, 0 } };
	struct tiers_packet packets[TIERS_PACKETS_MAX] = {};
	static struct tiers_result result;
	uint64_t decided[N(plugins)] = { 0 }, through = 0;

	skip_without_folds();
	for (size_t from = 0; from < N(plugins); from++) {
		size_t n = from ? N(plugins) - from : 1;
		struct bpf_object *target = load_target(2);
		struct chain chain;

		chain_init(&chain, plugins + from, n);
		for (size_t i = 0; i < n; i++) {
			if (strcmp(plugins[from + i].program, "jumps") != 0)
				continue;
			fill_array(&chain.fills[BANK_A][i], target);
			fill_array(&chain.fills[BANK_B][i], target);
		}
		chain_must_fuse(&chain, XSLOT_FUSED_A + from % XSLOT_FUSED_STUBS);
		fill_random(packets, TIERS_PACKETS_MAX);
		for (size_t i = 0; i < TIERS_PACKETS_MAX; i += 16)
			packets[i].bytes[1] = 40 + i / 16 % 3 * 10;
		chain_compare(&chain, XSLOT_FUSED_A + from % XSLOT_FUSED_STUBS, packets, TIERS_PACKETS_MAX,
			&result);
		for (size_t i = 0; i < n; i++)
			for (unsigned outcome = 0; outcome < XSLOT_OUTCOMES; outcome++)
				decided[from + i] += result.counted[XSLOT_RESULT(i, outcome)];
		through += result.counted[XSLOT_RESULT(XSLOT_DECIDED_FINAL, XDP_PASS)];
		chain_deinit(&chain);
		bpf_object__close(target);
	}
	assert_true(decided[0] > 20 && decided[2] > 20 && decided[3] > 20 && decided[5] > 20 && through > 20);
}

static void assert_refused(const struct plugin *plugins, size_t n, int error, const char *words)
{
	struct xslot_diag diag = {};
	struct chain chain;

	chain_init(&chain, plugins, n);
	assert_int_equal(chain_fuse(&chain, XSLOT_FUSED_A, &diag), error);
	if (!strstr(diag.message, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, words);
	print_message("%s\n", diag.message);
	free(diag.log);
	chain_deinit(&chain);
}

static void test_refused(void **state)
{
	const struct plugin too_deep[] = { { "counter", 1, 0 }, { "deepest", 1, 0 } };
	struct plugin many_maps[XSLOT_MAX_SLOTS];

	for (int i = 0; i < XSLOT_MAX_SLOTS; i++)
		many_maps[i] = (struct plugin){ "counter", i, 0 };
	assert_refused(too_deep, 2, -EOPNOTSUPP, "deepest uses its whole stack");
	assert_refused(many_maps, XSLOT_MAX_SLOTS, -E2BIG, "more maps than");
}

/* No room for a context: alone it needs none, and its verdicts are known. */
static void test_whole_stack_alone(void **state)
{
	const struct plugin deepest = { "deepest", 1, 0 };
	const struct tiers_packet packet = saying(1, XDP_PASS);
	static struct tiers_result result;
	struct chain chain;

	chain_init(&chain, &deepest, 1);
	chain_must_fuse(&chain, XSLOT_FUSED_A);
	chain_compare(&chain, XSLOT_FUSED_A, &packet, 1, &result);
	assert_int_equal(result.counted[XSLOT_RESULT(XSLOT_DECIDED_FINAL, XDP_PASS)], 1);
	chain_deinit(&chain);
}

/* What bpftool says of the fused program. */
static void dump(const struct chain *chain, char *ret_text, size_t size)
{
	struct bpf_prog_info info = { 0 };
	uint32_t info_size = sizeof(info);
	char command[80];
	FILE *pipe;

	assert_int_equal(bpf_obj_get_info_by_fd(fused_fd(chain->fused), &info, &info_size), 0);
	snprintf(command, sizeof(command), "bpftool prog dump xlated id %u linum", info.id);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	ret_text[fread(ret_text, 1, size - 1, pipe)] = 0;
	assert_int_equal(pclose(pipe), 0);
}

static void assert_in_order(const char *text, const char *const *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *found = strstr(text, wanted[i]);

		if (!found)
			fail_msg("no \"%s\" in:\n%s", wanted[i], text);
		text = found;
	}
}

/* Each instruction's line: the plugins' own, subprograms' too, and ours by what they do. */
static void test_lines(void **state)
{
	static const char *const wanted[] = { "; counter: begins [file:xslot", "; __u32 key = value & 3",
		"fuse.bpf.c", "&= 3\n", "; folds: begins", "; __u32 sum = fold(ctx, value)", "fuse.bpf.c",
		"call", "; data[20] = sum;", "the chain's final verdict", "; folds: verdicts" };
	static const char *const fold[] = { "int fold(", "; sum += mix(data[i], sum);", "call" };
	static const char *const mix[] = { "mix(__u32 a, __u32 b)", "; mixed += a;" };
	const struct plugin plugins[] = { { "counter", 1, 0 }, { "folds", 1, 0 } };
	static char text[1 << 17];
	struct chain chain;

	skip_without_folds();
	chain_init(&chain, plugins, 2);
	chain_must_fuse(&chain, XSLOT_FUSED_A);
	dump(&chain, text, sizeof(text));
	assert_in_order(text, wanted, sizeof(wanted) / sizeof(wanted[0]));
	assert_in_order(text, fold, sizeof(fold) / sizeof(fold[0]));
	assert_in_order(text, mix, sizeof(mix) / sizeof(mix[0]));
	chain_deinit(&chain);
}

/* An object without lines fuses all the same; the other one keeps its own. */
static void test_no_lines(void **state)
{
	static const char *const objects[] = { NULL, "/dev/null", "/nowhere", "/proc/self/exe" };
	const struct plugin plugins[] = { { "folds", 1, 0 }, { "says", 1, 0 } };
	static char text[1 << 17];
	struct chain chain;

	skip_without_folds();
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		chain_init(&chain, plugins, 2);
		chain.parts[0].object = objects[i];
		chain_must_fuse(&chain, XSLOT_FUSED_A);
		dump(&chain, text, sizeof(text));
		assert_null(strstr(text, "fold(ctx, value)"));
		assert_non_null(strstr(text, "; folds [file:xslot"));
		assert_non_null(strstr(text, "data[1] != (__u8)value"));
		chain_deinit(&chain);
	}
}

/* Subprograms keep their names, which bpftool and profilers show. */
static void test_names(void **state)
{
	const struct plugin plugins[] = { { "counter", 1, 0 }, { "folds", 1, 0 } };
	struct bpf_func_info functions[8];
	struct bpf_prog_info info = { .nr_func_info = 8,
		.func_info = (uintptr_t)functions,
		.func_info_rec_size = sizeof(functions[0]) };
	uint32_t size = sizeof(info);
	struct chain chain;
	struct btf *btf;
	char names[256] = "";

	skip_without_folds();
	chain_init(&chain, plugins, 2);
	chain_must_fuse(&chain, XSLOT_FUSED_A);
	assert_int_equal(bpf_obj_get_info_by_fd(fused_fd(chain.fused), &info, &size), 0);
	btf = btf__load_from_kernel_by_id(info.btf_id);
	assert_non_null(btf);
	assert_int_equal(info.nr_func_info, 3);
	for (int i = 0; i < 3; i++) {
		const struct btf_type *type = btf__type_by_id(btf, functions[i].type_id);

		strcat(strcat(names, btf__name_by_offset(btf, type->name_off)), " ");
	}
	if (strcmp(names, "xslot_fused fold mix ") != 0 && strcmp(names, "xslot_fused mix fold ") != 0)
		fail_msg("%s", names);
	btf__free(btf);
	chain_deinit(&chain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verdict),
		cmocka_unit_test(test_every_proceed_mask),
		cmocka_unit_test(test_everything_at_once),
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_constants_of_many),
		cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_whole_stack_alone),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_lines),
	};

	const struct rlimit files = { 4096, 4096 }; /* all maps of long chains, twice */

	libbpf_set_print(NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	return cmocka_run_group_tests_name("fuse", tests, NULL, NULL);
}
