/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>

#include "config-files.h"
#include "config/param.h"
#include "param-table.h"

static const struct xslot_param no_schema[XSLOT_MAX_PARAMS];

/* A slot with at most two parameters, in lines 5 and 6. */
struct slot {
	struct config_param params[2];
	struct config_slot slot;
};

static struct config_slot *slot_make(
	struct slot *slot, const char *name, const char *text, const char *name2, const char *text2)
{
	*slot = (struct slot){
		.params = { { (char *)name, (char *)text, { "x.ini", 5 } },
			{ (char *)name2, (char *)text2, { "x.ini", 6 } } },
		.slot = { .plugin = "acl",
			.params = slot->params,
			.place = { "x.ini", 3 },
			.plugin_place = { "x.ini", 4 } },
	};
	slot->slot.n_params = name2 ? 2 : name ? 1 : 0;
	return &slot->slot;
}

static struct params *parse(const char *name, const char *text)
{
	struct report report = {};
	struct params *params = NULL;
	struct slot slot;

	if (params_parse(slot_make(&slot, name, text, NULL, NULL), schema, NULL, &params, &report) < 0)
		fail_msg("%s", report_text(&report));
	report_clear(&report);
	return params;
}

/* Of rules that look cut off; a file with NUL bytes is none that has lines. */
static void test_files_that_look_cut_off(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *words;
	} cases[] = { { "", 0, "/rules is empty: was it cut off?" }, { "a\nb\n", 4, NULL },
		{ "a\nb", 3, "/rules does not end with a newline: was it cut off?" }, { "a\0b", 3, NULL } };
	char here[64], path[80];

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/rules", here);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report report = {};
		struct params *params = NULL;
		struct slot slot;

		file_write_bytes("rules", cases[i].text, cases[i].size);
		assert_int_equal(params_parse(slot_make(&slot, "file", path, NULL, NULL), schema, NULL,
					 &params, &report),
			0);
		assert_int_equal(report.n_warnings, cases[i].words != NULL);
		if (cases[i].words)
			assert_non_null(strstr(report.warnings[0].message, cases[i].words));
		params_free(params);
		report_clear(&report);
	}
}

static void check_errors(const struct config_slot *slot, const struct xslot_param *rows, const char *expected)
{
	struct report report = {};
	struct params *params = NULL;
	char *text;

	assert_int_equal(params_parse(slot, rows, NULL, &params, &report), -EINVAL);
	assert_null(params);
	text = report_text(&report);
	assert_string_equal(text, expected);
	free(text);
}

static void test_wrong_values(void **state)
{
	char expected[256], here[64];
	struct slot slot;

	assert_non_null(getcwd(here, sizeof(here)));
	check_errors(slot_make(&slot, "rate", "0", "file", "rules"), schema,
		"x.ini:5: rate = 0: is out of range; it must be from 1 to 65536\n"
		"x.ini:6: file = rules: must be a path that begins with /");
	check_errors(slot_make(&slot, "file", "/nonexistent/rules", "rate", ""), schema,
		"x.ini:5: file = /nonexistent/rules: cannot open /nonexistent/rules: No such file or "
		"directory\n"
		"x.ini:6: rate has no value: must be a whole number from 1 to 65536, and may end in k "
		"(thousands), "
		"M (millions) or G (thousand millions)");
	snprintf(expected, sizeof(expected), "x.ini:5: file = %s: %s is a directory, not a regular file",
		here, here);
	check_errors(slot_make(&slot, "file", here, NULL, NULL), schema, expected);
	file_write("huge", "");
	assert_int_equal(truncate("huge", 256 * 1024 * 1024 + 1), 0);
	strcat(here, "/huge");
	snprintf(expected, sizeof(expected),
		"x.ini:5: file = %s: %s has 268435457 bytes, more than the 268435456 allowed", here, here);
	check_errors(slot_make(&slot, "file", here, NULL, NULL), schema, expected);
}

static void test_unknown_keys(void **state)
{
	static const struct xslot_param one[XSLOT_MAX_PARAMS] = { { "rules", XSLOT_FILE, "rules" } };
	static const struct xslot_param two[XSLOT_MAX_PARAMS] = { { "rules", XSLOT_FILE, "rules" },
		{ "policy", XSLOT_STRING, "policy" } };
	struct slot slot;

	check_errors(slot_make(&slot, "rulez", "x", "burst", "y"), one,
		"x.ini:5: plugin acl has no parameter rulez; did you mean rules?\n"
		"x.ini:6: plugin acl has no parameter burst; its only one is rules");
	check_errors(slot_make(&slot, "burst", "x", "enabeld", "no"), two,
		"x.ini:5: plugin acl has no parameter burst; it has rules and policy\n"
		"x.ini:6: plugin acl has no parameter enabeld; did you mean enabled?");
	check_errors(slot_make(&slot, "burst", "x", NULL, NULL), no_schema,
		"x.ini:5: plugin acl has no parameter burst; it takes none");
}

static void test_required_and_all_at_once(void **state)
{
	static const struct xslot_param rows[XSLOT_MAX_PARAMS] = {
		{ "rules", XSLOT_FILE, "file of rules, one a line", .required = 1 },
		{ "rate", XSLOT_UINT, "packets a second", XSLOT_RANGE(1, 10) },
	};
	struct slot slot;

	check_errors(slot_make(&slot, "rate", "20", "burst", "7"), rows,
		"x.ini:3: plugin acl needs the parameter rules (file of rules, one a line); add it to the "
		"slot\n"
		"x.ini:5: rate = 20: is out of range; it must be from 1 to 10\n"
		"x.ini:6: plugin acl has no parameter burst; it has rules and rate");
}

static void test_what_is_not_given(void **state)
{
	struct params *params = parse(NULL, NULL);

	assert_int_equal(params_count(params), 19);
	assert_string_equal(params_name(params, 2), "rate");
	assert_ptr_equal(params_at(params, 2), params_get(params, "rate"));
	assert_int_equal(params_get(params, "rate")->type, XSLOT_NONE);
	assert_int_equal(params_get(params, "burst")->type, XSLOT_UINT);
	assert_int_equal(params_get(params, "burst")->number, 2000);
	assert_false(params_get(params, "burst")->given);
	assert_null(params_get(params, "nothing"));
	assert_int_equal(params_place(params, "burst", 0).line, 3);
	assert_string_equal(params_place(params, "burst", 0).file, "x.ini");
	assert_int_equal(params_place(params, "", 0).line, 3);
	assert_string_equal(params_place(params, "", 7).file, "x.ini");
	params_free(params);
	params_free(NULL);
}

static void test_a_file_is_read_once(void **state)
{
	char path[128], here[64];
	struct params *one, *two;
	const struct xslot_value *value;
	struct config_place place;

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/rules", here);
	file_write("rules", "allow any\n");
	one = parse("file", path);
	value = params_get(one, "file");
	assert_string_equal(value->text, path);
	assert_int_equal(value->size, 10);
	assert_memory_equal(value->data, "allow any\n", 10);
	place = params_place(one, "file", 7);
	assert_string_equal(place.file, path);
	assert_int_equal(place.line, 7);
	place = params_place(one, "file", 0);
	assert_string_equal(place.file, "x.ini");
	assert_int_equal(place.line, 5);
	/* a line means nothing where there is no file */
	assert_int_equal(params_place(one, "burst", 7).line, 3);
	two = parse("file", path);
	assert_true(params_equal(one, two));
	params_free(two);
	file_write("rules", "allow ANY\n");
	assert_memory_equal(value->data, "allow any\n", 10);
	two = parse("file", path);
	assert_false(params_equal(one, two));
	params_free(two);
	file_write("rules", "");
	two = parse("file", path);
	assert_int_equal(params_get(two, "file")->size, 0);
	assert_null(params_get(two, "file")->data);
	assert_false(params_equal(one, two));
	params_free(one);
	one = parse("file", path);
	assert_true(params_equal(one, two));
	params_free(one);
	params_free(two);
}

static void test_equal_is_by_value(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool equal;
	} rows[] = {
		{ "uint", "1k", "1000", true }, { "uint", "1k", "1001", false },
		{ "int", "-1k", "-1000", true }, { "int", "1", "-1", false }, { "bool", "yes", "1", true },
		{ "bool", "yes", "no", false }, { "time", "1s", "1000ms", true },
		{ "time", "1s", "1001ms", false }, { "policy", "allow", "deny", false },
		{ "string", "a", "a", true }, { "string", "a", "A", false }, { "path", "/a", "/b", false },
		{ "mac", "aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF", true },
		{ "mac", "aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:fe", false },
		{ "address", "2001:db8:0::1", "2001:DB8::1", true }, { "address", "0.0.0.0", "::", false },
		{ "prefix", "10.0.0.0/8", "10.0.0.0/9", false },
		{ "burst", "2000", NULL, true }, /* the fallback, spelled out */
		{ "burst", "2001", NULL, false },
		{ "uint", "0", NULL, false }, /* not given and no fallback is no value */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct params *a = parse(rows[i].name, rows[i].a);
		struct params *b = parse(rows[i].b ? rows[i].name : NULL, rows[i].b);

		assert_int_equal(params_equal(a, b), rows[i].equal);
		assert_int_equal(params_equal(b, a), rows[i].equal);
		params_free(a);
		params_free(b);
	}
}

static void test_equal_needs_the_same_table(void **state)
{
	static const struct xslot_param other[XSLOT_MAX_PARAMS] = { { "b", XSLOT_BOOL, "" } };
	static const struct xslot_param renamed[XSLOT_MAX_PARAMS] = { { "c", XSLOT_BOOL, "" } };
	const struct xslot_param *const tables[] = { no_schema, other, renamed };
	struct params *params[3];
	struct report report = {};
	struct slot slot;

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(params_parse(slot_make(&slot, NULL, NULL, NULL, NULL), tables[i], NULL,
					 &params[i], &report),
			0);
	assert_false(params_equal(params[0], params[1]));
	assert_false(params_equal(params[1], params[2]));
	assert_true(params_equal(params[2], params[2]));
	for (size_t i = 0; i < 3; i++)
		params_free(params[i]);
}

static void test_params_outlive_their_slot(void **state)
{
	char *file = strdup("y.ini"), *name = strdup("string"), *value = strdup("text");
	struct config_param param = { name, value, { file, 9 } };
	struct config_slot slot = { .plugin = "acl", .params = &param, .n_params = 1, .place = { file, 8 } };
	struct params *params = NULL;
	struct report report = {};

	assert_int_equal(params_parse(&slot, schema, NULL, &params, &report), 0);
	memset(file, 'x', 5);
	memset(name, 'x', 6);
	memset(value, 'x', 4);
	assert_string_equal(params_get(params, "string")->text, "text");
	assert_string_equal(params_place(params, "string", 0).file, "y.ini");
	params_free(params);
	free(file);
	free(name);
	free(value);
}

static void test_hosts_keys(void **state)
{
	static const char *const hosts[] = { "plugin", "enabled", "state", "proceed_on", "fuse", "object",
		"program", "on_", "on_error", "slot_x" };
	static const char *const plugins[] = { "rules", "slot", "on", "once", "slots", "Plugin", "" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_true(config_slot_owns(hosts[i]));
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		assert_false(config_slot_owns(plugins[i]));
}

static void check_schema(const struct xslot_param *row, const char *sentence)
{
	struct xslot_param rows[XSLOT_MAX_PARAMS] = { *row };
	struct xslot_diag diag = {};

	assert_int_equal(params_check_schema(rows, &diag), sentence ? -EINVAL : 0);
	if (sentence)
		assert_string_equal(diag.message, sentence);
}

static void test_bounds(void **state)
{
	static const struct {
		struct xslot_param row;
		const char *sentence;
	} rows[] = {
		{ { "a", XSLOT_UINT, "", .min = 1 },
			"parameter a: .bounds does not say which of .min and .max hold; write XSLOT_AT_LEAST(), XSLOT_AT_MOST() or XSLOT_RANGE()" },
		{ { "a", XSLOT_UINT, "", .bounds = XSLOT_BOUND_MIN, .max = 1 },
			"parameter a: .bounds does not say which of .min and .max hold; write XSLOT_AT_LEAST(), XSLOT_AT_MOST() or XSLOT_RANGE()" },
		{ { "a", XSLOT_UINT, "", .bounds = 4 },
			"parameter a: .bounds does not say which of .min and .max hold; write XSLOT_AT_LEAST(), XSLOT_AT_MOST() or XSLOT_RANGE()" },
		{ { "a", XSLOT_UINT, "", .callbacks = 2 }, "parameter a: .callbacks is 0 or 1, not 2" },
		{ { "a", XSLOT_INT, "", XSLOT_AT_MOST(-3), .fallback = "-4" }, NULL },
		{ { "a", XSLOT_INT, "", XSLOT_RANGE(-9, -3), .fallback = "-2" },
			"parameter a: .fallback = -2: is out of range; it must be from -9 to -3" },
		{ { "a", XSLOT_DURATION, "", XSLOT_AT_LEAST(5), .fallback = "5ns" }, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_schema(&rows[i].row, rows[i].sentence);
}

static void test_schema(void **state)
{
	static const struct {
		struct xslot_param row;
		const char *sentence;
	} rows[] = {
		{ { "9lives", XSLOT_UINT, "" }, "parameter \"9lives\": a name begins with a letter or _" },
		{ { "", XSLOT_UINT, "" }, "parameter \"\": a name begins with a letter or _" },
		{ { "a-b", XSLOT_UINT, "" }, "parameter \"a-b\": a name has letters, digits and _" },
		{ { "state", XSLOT_UINT, "" },
			"parameter state: this key of a slot belongs to the host; rename it" },
		{ { "on_error", XSLOT_UINT, "" },
			"parameter on_error: this key of a slot belongs to the host; rename it" },
		{ { "a", 12, "" }, "parameter a: this host does not know its type 12; the plugin was built "
				   "for a newer one" },
		{ { "a", XSLOT_UINT, "bad\n" },
			"parameter a: help, words or fallback does not end within its field" },
		{ { "a", XSLOT_BOOL, "", XSLOT_AT_MOST(1) },
			"parameter a: bounds are for UINT, INT and DURATION" },
		{ { "a", XSLOT_UINT, "", XSLOT_RANGE(-1, 1) },
			"parameter a: .min is negative, but its type is unsigned" },
		{ { "a", XSLOT_UINT, "", XSLOT_RANGE(2, 1) }, "parameter a: .max is less than .min" },
		{ { "a", XSLOT_INT, "", XSLOT_RANGE(2, 1) }, "parameter a: .max is less than .min" },
		{ { "a", XSLOT_INT, "", XSLOT_RANGE(1, (uint64_t)-1) },
			"parameter a: .max is less than .min" },
		{ { "a", XSLOT_INT, "", XSLOT_RANGE(0, (uint64_t)-1) },
			"parameter a: .max is less than .min" },
		{ { "a", XSLOT_BOOL, "", .words = "x" }, "parameter a: .words are for ENUM" },
		{ { "a", XSLOT_ENUM, "" }, "parameter a: .words must be as in \"allow|deny\"" },
		{ { "a", XSLOT_ENUM, "", .words = "x||y" },
			"parameter a: .words must be as in \"allow|deny\"" },
		{ { "a", XSLOT_ENUM, "", .words = "x y" },
			"parameter a: .words must be as in \"allow|deny\"" },
		{ { "a", XSLOT_ENUM, "", .words = "x|y|x" }, "parameter a: .words has x twice" },
		{ { "a", XSLOT_UINT, "", .required = 2 }, "parameter a: .required is 0 or 1, not 2" },
		{ { "a", XSLOT_UINT, "", .required = 1, .fallback = "1" },
			"parameter a: is required and has a .fallback; remove one" },
		{ { "a", XSLOT_UINT, "", XSLOT_RANGE(1, 5), .fallback = "6" },
			"parameter a: .fallback = 6: is out of range; it must be from 1 to 5" },
	};
	struct xslot_param row = { "a", XSLOT_STRING, "" };
	struct xslot_param two[XSLOT_MAX_PARAMS] = { row, row };
	struct xslot_diag diag = {};
	struct slot slot;

	check_errors(slot_make(&slot, "a", "1", NULL, NULL), two,
		"x.ini:4: plugin acl cannot be used: its table of parameters is wrong: parameter a: is declared twice");
	assert_int_equal(params_check_schema(schema, &diag), 0);
	assert_int_equal(params_check_schema(no_schema, &diag), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_schema(&rows[i].row, rows[i].sentence);
	assert_int_equal(params_check_schema(two, &diag), -EINVAL);
	assert_string_equal(diag.message, "parameter a: is declared twice");
	memset(row.fallback, 'x', sizeof(row.fallback));
	check_schema(&row, "parameter a: help, words or fallback does not end within its field");
	row.fallback[sizeof(row.fallback) - 1] = 0;
	check_schema(&row, NULL);
	memset(row.name, 'x', sizeof(row.name));
	check_schema(&row, "a parameter's name does not end within its field");
}

/* A table with no room for its end, and names as long as they can be. */
static void test_full_table(void **state)
{
	struct xslot_param rows[XSLOT_MAX_PARAMS] = {};
	struct params *params = NULL;
	struct report report = {};
	struct xslot_diag diag = {};
	struct slot slot;

	for (int i = 0; i < XSLOT_MAX_PARAMS; i++) {
		rows[i].type = XSLOT_ENUM;
		snprintf(rows[i].name, sizeof(rows[i].name), "%031d", i);
		rows[i].name[0] = 'p';
		memset(rows[i].words, 'x', sizeof(rows[i].words) - 1);
	}
	assert_int_equal(params_check_schema(rows, &diag), 0);
	assert_int_equal(params_parse(slot_make(&slot, rows[31].name, rows[31].words, NULL, NULL), rows, NULL,
				 &params, &report),
		0);
	assert_int_equal(params_count(params), XSLOT_MAX_PARAMS);
	assert_true(params_get(params, rows[31].name)->given);
	params_free(params);
}

/* Any table, checked or not, and any text: an answer, no crash. */
static void test_garbage_never_crashes(void **state)
{
	static const char alphabet[] = "0123456789kMGnums:./-abcdef |yes";
	unsigned seed = 3;

	for (int round = 0; round < 20000; round++) {
		struct xslot_param rows[XSLOT_MAX_PARAMS] = {};
		struct report report = {};
		struct params *params = NULL;
		struct xslot_diag diag = {};
		char text[24] = "";
		struct slot slot;

		rows[0].type = 1 + (unsigned)rand_r(&seed) % 12;
		memset(rows[0].name, 'a', 1 + (unsigned)rand_r(&seed) % 32);
		memset(rows[0].words, rand_r(&seed) % 2 ? 'y' : '|', (unsigned)rand_r(&seed) % 129);
		memset(rows[0].help, 'h', 128);
		memset(rows[0].fallback, '1', (unsigned)rand_r(&seed) % 63);
		rows[0].min = rand_r(&seed) - RAND_MAX / 2;
		rows[0].max = (uint64_t)rand_r(&seed);
		rows[0].bounds = (uint32_t)rand_r(&seed) % 5;
		for (int i = rand_r(&seed) % 23; i > 0; i--)
			text[i - 1] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		params_check_schema(rows, &diag);
		params_parse(slot_make(&slot, "a", text, NULL, NULL), rows, NULL, &params, &report);
		assert_int_equal(params == NULL, report.n_errors > 0);
		params_free(params);
		report_clear(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_that_look_cut_off),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_required_and_all_at_once),
		cmocka_unit_test(test_what_is_not_given),
		cmocka_unit_test(test_a_file_is_read_once),
		cmocka_unit_test(test_equal_is_by_value),
		cmocka_unit_test(test_equal_needs_the_same_table),
		cmocka_unit_test(test_params_outlive_their_slot),
		cmocka_unit_test(test_hosts_keys),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_garbage_never_crashes),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
