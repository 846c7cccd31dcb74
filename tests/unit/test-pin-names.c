/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Names of maps and programs as compilers write them, and what they are called in bpffs. */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/pin_names.h"

/* What the kernel's bpffs refuses (bpf_lookup() in kernel/bpf/inode.c), and what a path gives a meaning to.
 */
static bool bpffs_takes(const char *name)
{
	return *name && strlen(name) <= 255 && !strpbrk(name, "./");
}

static void check(const char *const *names, const char *const *expected, size_t n)
{
	char **pins;

	assert_int_equal(pin_names_make(names, n, &pins), 0);
	for (size_t i = 0; i < n; i++) {
		if (expected)
			assert_string_equal(pins[i], expected[i]);
		assert_true(bpffs_takes(pins[i]));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(pins[i], pins[j]);
	}
	pin_names_free(pins, n);
}

#define CHECK(...)                                                                                           \
	do {                                                                                                 \
		static const char *const pairs_[][2] = { __VA_ARGS__ };                                      \
		enum { N = sizeof(pairs_) / sizeof(*pairs_) };                                               \
		const char *names_[N], *expected_[N];                                                        \
                                                                                                             \
		for (size_t i = 0; i < N; i++) {                                                             \
			names_[i] = pairs_[i][0];                                                            \
			expected_[i] = pairs_[i][1];                                                         \
		}                                                                                            \
		check(names_, expected_, N);                                                                 \
	} while (0)

static void test_plain_names_stand(void **state)
{
	CHECK({ "sources", "sources" }, { ".rodata", "rodata" }, { ".bss", "bss" }, { "a-b_9", "a-b_9" });
}

static void test_dots(void **state)
{
	CHECK({ ".rodata.str1.1", "rodata_str1_1" }, { ".data.hot", "data_hot" }, { "a.b", "a_b" });
}

static void test_a_map_keeps_its_name_beside_a_section(void **state)
{
	CHECK({ ".data", "data_2" }, { "data", "data" }, { ".rodata", "rodata_2" }, { "rodata", "rodata" });
	CHECK({ ".data.a", "data_a_3" }, { "data_a", "data_a" }, { "data_a_2", "data_a_2" });
	CHECK({ ".x.1", "x_1" }, { ".x_1", "x_1_2" }, { "x.1", "x_1_3" });
}

static void test_nothing_leads_out_of_the_folder(void **state)
{
	static const char *const names[] = { "", ".", "..", "../../up", "a/b", "\n", "\xff\xfe", "a b", "..",
		"" };

	check(names, NULL, sizeof(names) / sizeof(*names));
}

static void test_long_names(void **state)
{
	char one[400], other[400];
	const char *const names[] = { one, other, one };

	memset(one, 'a', sizeof(one) - 1);
	one[sizeof(one) - 1] = 0;
	memcpy(other, one, sizeof(one));
	other[300] = 'b';
	check(names, NULL, 3);
}

static void test_none(void **state)
{
	check(NULL, NULL, 0);
	pin_names_free(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_names_stand),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_a_map_keeps_its_name_beside_a_section),
		cmocka_unit_test(test_nothing_leads_out_of_the_folder),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
