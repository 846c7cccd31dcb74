/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* libxslot's options tell their size: one that was forgotten must not mean that all of them were left out. */
#include <errno.h>
#include <string.h>
#include <xslot/extension.h>

#include "check.h"

static void test_size_is_set(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) };
	struct xslot_extension_options options = { .program = "one" };
	struct xslot_extension *extension = NULL;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct xslot_diag diag = {};

		options.size = sizes[i];
		assert_int_equal(xslot_extension_open_memory("x", 1, &options, &extension, &diag), -EINVAL);
		assert_non_null(strstr(diag.message, "size in struct xslot_extension_options is not set"));
		assert_int_equal(xslot_extension_open_file("/", &options, &extension, &diag), -EINVAL);
		assert_non_null(strstr(diag.message, "size in struct xslot_extension_options is not set"));
	}
	assert_null(extension);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_size_is_set) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
