/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a chain costs beside its plugins. As root: `bench-slots`. In a guest whose clock counts instructions
 * (tests/vm/run -i) the figures are instructions a packet, the same every time; elsewhere nanoseconds, the
 * least of several runs. Each row is a chain of 1 to 32 plugins, all alike, each with maps of its own:
 *
 *	slots, fused			behind the dispatcher; only where the kernel allows extensions
 *	fused alone, calls alone	as an XDP program without a dispatcher, with the plugins in a row or
 * as subprograms: what an extension's call costs, without extensions
 *
 * The first figure of all rows of a plugin is that of the plugin as an XDP program of its own.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <xslot/extension.h>

#include "check.h"
#include "kernel/features.h"
#include "kernel/fuse.h"
#include "system/fill.h"

struct plugin {
	const char *label;
	const char *file;
	const char *program;
	int value;
	uint32_t proceed;
};

/* A UDP packet of 60 bytes. */
static unsigned duration(int program_fd)
{
	unsigned char packet[60] = {
		[12] = 8, [14] = 0x45, [17] = 46, [22] = 64, [23] = 17, [26] = 192, [30] = 192
	};
	unsigned least = ~0U;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 20000);

	for (int i = 0; i < 5; i++) {
		assert_int_equal(bpf_prog_test_run_opts(program_fd, &options), 0);
		least = options.duration < least ? options.duration : least;
	}
	return least;
}

static struct bpf_program *program_of(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	assert_non_null(program);
	return program;
}

static void print_row(const char *label, const struct plugin *plugin)
{
	printf("%-12s %-12s", plugin->label, label);
}

static void use(struct dispatcher *dispatcher, struct xslot_generation *generation)
{
	generation->id = dispatcher_running(dispatcher)->id + 1;
	dispatcher_prepare(dispatcher, generation);
	dispatcher_swap(dispatcher);
}

static void row_slots(const struct plugin *plugin, enum bank bank)
{
	struct fill fills[XSLOT_MAX_SLOTS];
	struct xslot_generation generation;
	struct dispatcher *dispatcher;

	assert_int_equal(dispatcher_load(false, &dispatcher, NULL), 0);
	print_row(bank == BANK_B ? "slots, B" : "slots", plugin);
	printf("  0: %u", duration(dispatcher_fd(dispatcher)));
	generation = *dispatcher_running(dispatcher);
	generation.banks = bank == BANK_B ? ~0U : 0;
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++) {
		char stub[DISPATCHER_FUNCTION_MAX];

		dispatcher_stub(i, bank, stub);
		fills[i] = fill_stub(dispatcher, stub, plugin->file, plugin->program, plugin->value);
		generation.proceed[i] = plugin->proceed;
		if (((i + 1) & i) != 0)
			continue;
		generation.count = i + 1;
		use(dispatcher, &generation);
		printf("  %u: %u", i + 1, duration(dispatcher_fd(dispatcher)));
	}
	printf("\n");
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		fill_empty(&fills[i]);
	dispatcher_free(dispatcher);
}

/* 32 of a plugin as XDP programs, to be fused. */
struct donors {
	struct bpf_object *objects[XSLOT_MAX_SLOTS];
	struct fuse_part parts[XSLOT_MAX_SLOTS];
};

static struct bpf_object *load_donor(const struct plugin *plugin)
{
	struct bpf_object *object = bpf_object__open_file(plugin->file, NULL);
	struct bpf_program *program;
	struct bpf_map *map;

	assert_non_null(object);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), plugin->program) == 0);
	bpf_object__for_each_map(map, object)
	{
		size_t size;

		if (strstr(bpf_map__name(map), ".rodata"))
			memcpy((void *)bpf_map__initial_value(map, &size), &plugin->value,
				size < 4 ? size : 4);
	}
	assert_int_equal(bpf_object__load(object), 0);
	return object;
}

static void donors_init(struct donors *donors, const struct plugin *plugin)
{
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++) {
		struct bpf_program *program;

		donors->objects[i] = load_donor(plugin);
		program = program_of(donors->objects[i], plugin->program);
		donors->parts[i] = (struct fuse_part){
			.name = plugin->label,
			.insns = bpf_program__insns(program),
			.n_insns = bpf_program__insn_cnt(program),
			.program_fd = bpf_program__fd(program),
		};
	}
}

static void donors_deinit(struct donors *donors)
{
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		bpf_object__close(donors->objects[i]);
}

static void call_instead(struct fuse_part *part)
{
	struct bpf_insn *insns = calloc(part->n_insns + 2, sizeof(*insns));

	assert_non_null(insns);
	insns[0] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 };
	insns[1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	memcpy(insns + 2, part->insns, part->n_insns * sizeof(*insns));
	part->insns = insns;
	part->n_insns += 2;
}

/* `dispatcher` NULL: alone. */
static void row_fused(const char *label, const struct plugin *plugin, const struct donors *donors,
	struct dispatcher *dispatcher)
{
	struct xslot_generation generation = { .final = XDP_PASS };
	struct fuse_options options = { .parts = donors->parts, .generation = &generation };
	struct xslot_diag diag = {};

	print_row(label, plugin);
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		generation.proceed[i] = plugin->proceed;
	for (options.n_parts = 1; options.n_parts <= XSLOT_MAX_SLOTS; options.n_parts *= 2) {
		struct xslot_link *link = NULL;
		struct fused *fused = NULL;

		generation.count = options.n_parts;
		generation.fused = XSLOT_FUSED_A;
		if (dispatcher)
			generation.id = dispatcher_running(dispatcher)->id + 1;
		if (fused_load(&options, dispatcher, BANK_A, &fused, &diag) < 0 ||
			(dispatcher && fused_place(fused, &link, &diag) < 0))
			fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
		if (dispatcher)
			use(dispatcher, &generation);
		printf("  %zu: %u", options.n_parts,
			duration(dispatcher ? dispatcher_fd(dispatcher) : fused_fd(fused)));
		xslot_link_close(link);
		fused_free(fused);
	}
	printf("\n");
}

static void bench_plugin(const struct plugin *plugin, bool freplace)
{
	struct dispatcher *dispatcher = NULL;
	struct donors donors;

	donors_init(&donors, plugin);
	print_row("bare", plugin);
	printf("  1: %u\n", duration(donors.parts[0].program_fd));
	if (freplace) {
		row_slots(plugin, BANK_A);
		row_slots(plugin, BANK_B);
		assert_int_equal(dispatcher_load(false, &dispatcher, NULL), 0);
		row_fused("fused", plugin, &donors, dispatcher);
		dispatcher_free(dispatcher);
	}
	row_fused("fused alone", plugin, &donors, NULL);
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		call_instead(&donors.parts[i]);
	row_fused("calls alone", plugin, &donors, NULL);
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		free((void *)donors.parts[i].insns);
	donors_deinit(&donors);
}

static void bench_slots(void **state)
{
	static const struct plugin plugins[] = {
		{ "next", VERDICT_OBJECT, "next", 0, 0 },
		{ "pass", VERDICT_OBJECT, "verdict", XDP_PASS, 1 << XDP_PASS },
		{ "count", COUNT_OBJECT, "count", 0, 0 },
	};
	const struct rlimit files = { 4096, 4096 };
	char why[256];
	bool freplace = features_freplace(why, sizeof(why)) == 0;

	setrlimit(RLIMIT_NOFILE, &files);
	if (!freplace)
		printf("no figures for slots here: %s\n", why);
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		bench_plugin(&plugins[i], freplace);
}

int main(void)
{
	static const struct CMUnitTest benches[] = { cmocka_unit_test(bench_slots) };

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("slots", benches, NULL, NULL);
}
