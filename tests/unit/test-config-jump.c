/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* jump.ARRAY.INDEX = FILE[:PROGRAM] in a slot: good ones, and all that can be wrong with one. */
#include <errno.h>

#include "config-files.h"
#include "config/config_read.h"

#define SLOT "[chain edge]\ninterfaces = eth0\n[slot edge.10]\nplugin = object\n"

static const struct {
	const char *input;
	const char *errors;
} broken[] = {
	{ SLOT "jump.a.1 = /x:p\njump.b.2 = /x\n",
		"x.ini:5: jump.a.1: fills a program array of an object file, and the slot has none; add object = PATH\n"
		"x.ini:6: jump.b.2: fills a program array of an object file, and the slot has none; add object = PATH" },
	{ SLOT "object = /o\njump. = /x\njump.a = /x\njump..1 = /x\njump.1a.2 = /x\njump.a. = /x\n"
	       "jump.a.-1 = /x\njump.a.01 = /x\njump.a.4294967296 = /x\njump.a.1 = x.o\njump.a.2 =\n"
	       "jump.a.3 = /x:\njump.a.4 = /x\njump.a.4 = /y\n",
		"x.ini:6: jump. = /x: needs a program array and an index in it; write it as in jump.stages.3\n"
		"x.ini:7: jump.a = /x: needs a program array and an index in it; write it as in jump.stages.3\n"
		"x.ini:8: jump..1 = /x: \"\" is not the name of a program array; it has letters, digits and _\n"
		"x.ini:9: jump.1a.2 = /x: \"1a\" is not the name of a program array; it has letters, digits and _\n"
		"x.ini:10: jump.a. = /x: \"\" is not an index of a program array; write it as in jump.stages.3\n"
		"x.ini:11: jump.a.-1 = /x: \"-1\" is not an index of a program array; write it as in jump.stages.3\n"
		"x.ini:12: jump.a.01 = /x: the index 01 has a leading 0; remove it\n"
		"x.ini:13: jump.a.4294967296 = /x: the index 4294967296 is too high for any program array\n"
		"x.ini:14: jump.a.1 = x.o: must be the absolute path of an object file, followed by :PROGRAM if the file has several programs\n"
		"x.ini:15: jump.a.2 has no value: must be the absolute path of an object file, followed by :PROGRAM if the file has several programs\n"
		"x.ini:16: jump.a.3 = /x:: ends with a colon, and no program follows\n"
		"x.ini:18: [slot edge.10] has the key jump.a.4 twice, first in line 17; remove one of them" },
};

static struct config *load(const char *text)
{
	struct report report = {};
	struct config *config = NULL;

	file_write("x.ini", text);
	if (config_load(NULL, "x.ini", &config, &report) < 0)
		fail_msg("%s", report_text(&report));
	assert_int_equal(report.n_errors, 0);
	return config;
}

/* In order of array and index, whatever the order of the lines. */
static void test_jumps(void **state)
{
	struct config *config =
		load("[chain edge]\ninterfaces=a\n[slot edge.1]\nplugin=object\nobject=/o\n"
		     "jump.b.0 = /x/y.o:main\njump.a.4294967295 = /x:y/z:1.o\njump.a.7 = /x.o\n");
	const struct config_slot *slot = &config->chains[0].slots[0];

	assert_int_equal(slot->n_params, 0);
	assert_int_equal(slot->n_jumps, 3);
	assert_string_equal(slot->jumps[0].array, "a");
	assert_int_equal(slot->jumps[0].index, 7);
	assert_string_equal(slot->jumps[0].file, "/x.o");
	assert_null(slot->jumps[0].program);
	assert_int_equal(slot->jumps[1].index, 4294967295U);
	assert_string_equal(slot->jumps[1].file, "/x:y/z:1.o"); /* "1.o" is not a function's name */
	assert_null(slot->jumps[1].program);
	assert_string_equal(slot->jumps[2].array, "b");
	assert_string_equal(slot->jumps[2].file, "/x/y.o");
	assert_string_equal(slot->jumps[2].program, "main");
	assert_int_equal(slot->jumps[2].place.line, 6);
	config_free(config);
}

static void test_every_error_is_told(void **state)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct config *config = NULL;
		struct report report = {};
		char *text;

		file_write("x.ini", broken[i].input);
		assert_int_equal(config_load(NULL, "x.ini", &config, &report), -EINVAL);
		assert_null(config);
		text = report_text(&report);
		assert_string_equal(text, broken[i].errors);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_every_error_is_told),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
