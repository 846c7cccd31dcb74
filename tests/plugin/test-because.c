/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A reason is part of a verdict only while the host reads it. */
#include <linux/bpf.h>

#include "because.bpf.h"
#include "check.h"
#include "harness.h"

static uint32_t verdict(uint8_t reasons)
{
	struct bpf_object *object = harness_open(because_bpf, sizeof(because_bpf));
	uint8_t bytes[2048];
	size_t size = harness_build(&(struct harness_frame){ .ethertype = 0x0806 }, bytes);
	uint32_t returned;

	harness_set(object, "xslot_reasons", &reasons, 1);
	harness_load(object);
	returned = harness_run(object, bytes, size, 1);
	bpf_object__close(object);
	return returned;
}

static void test_plain(void **state)
{
	assert_int_equal(verdict(0), XDP_DROP);
}

static void test_read(void **state)
{
	assert_int_equal(verdict(1), 0x58000101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests_name("because", tests, NULL, NULL);
}
