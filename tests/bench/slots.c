/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a slot costs beside its plugin. As root, where freplace is allowed: `bench-slots`. In a guest whose
 * clock counts instructions (tests/vm/run -i) the figures are instructions a packet, the same every time;
 * elsewhere nanoseconds. Each row is a dispatcher with 0 to 32 slots, all filled alike; the first figure of
 * all is a test run of a program that does nothing, without a dispatcher.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "system/fill.h"

static unsigned duration(int program_fd)
{
	char packet[64] = { 0 };
	unsigned least = ~0U;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 20000);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(bpf_prog_test_run_opts(program_fd, &options), 0);
		least = options.duration < least ? options.duration : least;
	}
	return least;
}

static void row(const char *label, enum bank bank, const char *program, int value, uint32_t proceed)
{
	struct fill fills[XSLOT_MAX_SLOTS];
	struct xslot_generation generation;
	struct dispatcher *dispatcher;

	assert_int_equal(dispatcher_load(false, &dispatcher, NULL), 0);
	printf("%-28s 0: %u", label, duration(dispatcher_fd(dispatcher)));
	generation = *dispatcher_running(dispatcher);
	generation.banks = bank == BANK_B ? ~0U : 0;
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++) {
		char stub[DISPATCHER_FUNCTION_MAX];

		dispatcher_stub(i, bank, stub);
		fills[i] = fill_stub(dispatcher, stub, VERDICT_OBJECT, program, value);
		generation.proceed[i] = proceed;
		if (((i + 1) & i) != 0)
			continue;
		generation.count = i + 1;
		generation.id = dispatcher_running(dispatcher)->id + 1;
		dispatcher_prepare(dispatcher, &generation);
		dispatcher_swap(dispatcher);
		printf("  %u: %u", i + 1, duration(dispatcher_fd(dispatcher)));
	}
	printf("\n");
	for (unsigned i = 0; i < XSLOT_MAX_SLOTS; i++)
		fill_empty(&fills[i]);
	dispatcher_free(dispatcher);
}

static void bench_slots(void **state)
{
	struct bpf_object *object = bpf_object__open_file(VERDICT_OBJECT, NULL);

	assert_non_null(object);
	assert_int_equal(bpf_object__load(object), 0);
	printf("no dispatcher: %u\n",
		duration(bpf_program__fd(bpf_object__find_program_by_name(object, "next"))));
	bpf_object__close(object);
	row("next, bank A", BANK_A, "next", 0, 0);
	row("next, bank B", BANK_B, "next", 0, 0);
	row("pass, which proceeds, bank A", BANK_A, "verdict", XDP_PASS, 1 << XDP_PASS);
}

int main(void)
{
	static const struct CMUnitTest benches[] = { cmocka_unit_test(bench_slots) };

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("slots", benches, NULL, NULL);
}
