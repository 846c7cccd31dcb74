/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>

#include "config-files.h"
#include "config/param.h"
#include "config/text.h"

/* One row of every type. */
static const struct xslot_param schema[XSLOT_MAX_PARAMS] = {
	{ "bool", XSLOT_BOOL, "a bool" },
	{ "uint", XSLOT_UINT, "a number" },
	{ "rate", XSLOT_UINT, "a number with a range", .min = 1, .max = 65536 },
	{ "int", XSLOT_INT, "a signed number" },
	{ "shift", XSLOT_INT, "a signed number with a range", .min = -10, .max = 0 },
	{ "time", XSLOT_DURATION, "a duration" },
	{ "period", XSLOT_DURATION, "a duration with a range", .min = 1000000, .max = 90000000000 },
	{ "policy", XSLOT_ENUM, "a word", .words = "allow|deny|log-only" },
	{ "string", XSLOT_STRING, "any text" },
	{ "path", XSLOT_PATH, "a path" },
	{ "mac", XSLOT_MAC, "a MAC address" },
	{ "address", XSLOT_ADDRESS, "an address" },
	{ "prefix", XSLOT_PREFIX, "a prefix" },
	{ "file", XSLOT_FILE, "a file" },
	{ "burst", XSLOT_UINT, "with a fallback", .fallback = "2k" },
};

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
		.slot = { .plugin = "acl", .params = slot->params, .place = { "x.ini", 3 } },
	};
	slot->slot.n_params = name2 ? 2 : name ? 1 : 0;
	return &slot->slot;
}

static struct params *parse(const char *name, const char *text)
{
	struct report report = {};
	struct params *params = NULL;
	struct slot slot;

	if (params_parse(slot_make(&slot, name, text, NULL, NULL), schema, &params, &report) < 0)
		fail_msg("%s", report_text(&report));
	return params;
}

/* What the value of a parameter is, as text in one form for each type. */
static void format_value(const struct xslot_value *value, char *ret, size_t size)
{
	const uint8_t *m = value->mac, *a = value->prefix.address;

	switch (value->type) {
	case XSLOT_BOOL:
		snprintf(ret, size, "%d", value->boolean);
		break;
	case XSLOT_UINT:
	case XSLOT_DURATION:
	case XSLOT_ENUM:
		snprintf(ret, size, "%" PRIu64, value->number);
		break;
	case XSLOT_INT:
		snprintf(ret, size, "%" PRId64, value->integer);
		break;
	case XSLOT_MAC:
		snprintf(ret, size, "%x %x %x %x %x %x", m[0], m[1], m[2], m[3], m[4], m[5]);
		break;
	case XSLOT_ADDRESS:
	case XSLOT_PREFIX:
		snprintf(ret, size, "%d: %x %x %x %x %x..%x /%d", value->prefix.family, a[0], a[1], a[2],
			a[3], a[4], a[15], value->prefix.length);
		break;
	default:
		snprintf(ret, size, "%s", value->text);
	}
}

static void test_values(void **state)
{
	static const struct {
		const char *name, *text, *value;
	} rows[] = {
		{ "bool", "yes", "1" },
		{ "bool", "true", "1" },
		{ "bool", "on", "1" },
		{ "bool", "1", "1" },
		{ "bool", "no", "0" },
		{ "bool", "false", "0" },
		{ "bool", "off", "0" },
		{ "bool", "0", "0" },
		{ "uint", "0", "0" },
		{ "uint", "007", "7" },
		{ "uint", "18446744073709551615", "18446744073709551615" },
		{ "uint", "10k", "10000" },
		{ "uint", "3M", "3000000" },
		{ "uint", "18G", "18000000000" },
		{ "uint", "18446744073G", "18446744073000000000" },
		{ "rate", "1", "1" },
		{ "rate", "65536", "65536" },
		{ "rate", "65k", "65000" },
		{ "int", "-9223372036854775808", "-9223372036854775808" },
		{ "int", "9223372036854775807", "9223372036854775807" },
		{ "int", "+5k", "5000" },
		{ "int", "-5M", "-5000000" },
		{ "int", "-0", "0" },
		{ "shift", "-10", "-10" },
		{ "shift", "0", "0" },
		{ "time", "0", "0" },
		{ "time", "0s", "0" },
		{ "time", "7ns", "7" },
		{ "time", "7us", "7000" },
		{ "time", "7ms", "7000000" },
		{ "time", "7s", "7000000000" },
		{ "time", "7m", "420000000000" },
		{ "time", "5124095h", "18446742000000000000" },
		{ "period", "1ms", "1000000" },
		{ "period", "90s", "90000000000" },
		{ "policy", "allow", "0" },
		{ "policy", "log-only", "2" },
		{ "string", "", "" },
		{ "string", "a b, c", "a b, c" },
		{ "path", "/", "/" },
		{ "mac", "02:00:5e:10:AB:fF", "2 0 5e 10 ab ff" },
		{ "address", "192.0.2.1", "4: c0 0 2 1 0..0 /32" },
		{ "address", "2001:db8::1", "6: 20 1 d b8 0..1 /128" },
		{ "address", "0.0.0.0", "4: 0 0 0 0 0..0 /32" },
		{ "prefix", "10.0.0.0/8", "4: a 0 0 0 0..0 /8" },
		{ "prefix", "0.0.0.0/0", "4: 0 0 0 0 0..0 /0" },
		{ "prefix", "192.0.2.255/32", "4: c0 0 2 ff 0..0 /32" },
		{ "prefix", "192.0.2.254/31", "4: c0 0 2 fe 0..0 /31" },
		{ "prefix", "::/0", "6: 0 0 0 0 0..0 /0" },
		{ "prefix", "2001:db8::1/128", "6: 20 1 d b8 0..1 /128" },
		{ "prefix", "2001:8000::/17", "6: 20 1 80 0 0..0 /17" },
		{ "prefix", "0001:0203:0405:0607:0809:0a0b:0c0d:0e0f/128", "6: 0 1 2 3 4..f /128" },
	};
	char text[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct params *params = parse(rows[i].name, rows[i].text);
		const struct xslot_value *value = params_get(params, rows[i].name);

		assert_true(value->given);
		format_value(value, text, sizeof(text));
		assert_string_equal(text, rows[i].value);
		params_free(params);
	}
}

#define COUNT ", and may end in k (thousands), M (millions) or G (thousand millions)"
#define ANY_UINT "must be a whole number from 0 to 18446744073709551615" COUNT
#define MAC "must be a MAC address such as 02:00:5e:10:00:01"
#define UNIT "must be a whole number and a unit without a blank between: ns, us, ms, s, m or h"
#define ADDRESS "must be an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1"
#define PREFIX "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32"

static const struct {
	const char *name, *text, *errors; /* at x.ini:5, behind NAME = TEXT */
} wrong[] = {
	{ "bool", "y", "must be yes or no" },
	{ "bool", "2", "must be yes or no" },
	{ "uint", "x", ANY_UINT },
	{ "uint", "-1", ANY_UINT },
	{ "uint", "+1", ANY_UINT },
	{ "uint", "1.5k", ANY_UINT },
	{ "uint", "10K", ANY_UINT },
	{ "uint", "10 k", ANY_UINT },
	{ "uint", "0x10", ANY_UINT },
	{ "uint", "10kk", ANY_UINT },
	{ "uint", "k", ANY_UINT },
	{ "uint", "18446744073709551616", "is out of range, it must be from 0 to 18446744073709551615" },
	{ "uint", "18446744074G", "is out of range, it must be from 0 to 18446744073709551615" },
	{ "uint", "99999999999999999999999999999999999999999",
		"is out of range, it must be from 0 to 18446744073709551615" },
	{ "rate", "0", "is out of range, it must be from 1 to 65536" },
	{ "rate", "66k", "is out of range, it must be from 1 to 65536" },
	{ "rate", "ten", "must be a whole number from 1 to 65536" COUNT },
	{ "int", "9223372036854775808",
		"is out of range, it must be from -9223372036854775808 to 9223372036854775807" },
	{ "int", "-9223372036854775809",
		"is out of range, it must be from -9223372036854775808 to 9223372036854775807" },
	{ "int", "--1", "must be a whole number from -9223372036854775808 to 9223372036854775807" COUNT },
	{ "int", "-", "must be a whole number from -9223372036854775808 to 9223372036854775807" COUNT },
	{ "shift", "1", "is out of range, it must be from -10 to 0" },
	{ "shift", "-11", "is out of range, it must be from -10 to 0" },
	{ "time", "10", "has no unit; write it with ns, us, ms, s, m or h" },
	{ "time", "10 ms", UNIT },
	{ "time", "ms", UNIT },
	{ "time", "-1s", UNIT },
	{ "time", "1d", UNIT },
	{ "time", "5124096h", "is out of range, it must be from 0ns to 18446744073709551615ns" },
	{ "period", "999us", "is out of range, it must be from 1ms to 90s" },
	{ "period", "2m", "is out of range, it must be from 1ms to 90s" },
	{ "policy", "Allow", "must be allow, deny or log-only; did you mean allow?" },
	{ "policy", "drop", "must be allow, deny or log-only" },
	{ "path", "etc/x", "must be a path that begins with /" },
	{ "mac", "02:00:5e:10:00", MAC },
	{ "mac", "02-00-5e-10-00-01", MAC },
	{ "mac", "02:00:5e:10:00:0g", MAC },
	{ "mac", "02:00:5e:10:00:01:02", MAC },
	{ "mac", "2:0:5e:10:0:1", MAC },
	{ "address", "192.0.2.1/32", "must be one address; remove the / and what follows" },
	{ "address", "192.0.2", ADDRESS },
	{ "address", "192.0.2.256", ADDRESS },
	{ "address", "192.0.02.1", ADDRESS },
	{ "address", "localhost", ADDRESS },
	{ "address", "fe80::1%eth0", ADDRESS },
	{ "prefix", "10.0.0.1", "has no length; for this one address write 10.0.0.1/32" },
	{ "prefix", "::1", "has no length; for this one address write ::1/128" },
	{ "prefix", "10.0.0.0/33", "its length \"33\" must be a number from 0 to 32" },
	{ "prefix", "::/129", "its length \"129\" must be a number from 0 to 128" },
	{ "prefix", "10.0.0.0/", "its length \"\" must be a number from 0 to 32" },
	{ "prefix", "10.0.0.0/-1", "its length \"-1\" must be a number from 0 to 32" },
	{ "prefix", "10.0.0.0/8x", "its length \"8x\" must be a number from 0 to 32" },
	{ "prefix", "10.0.0.0/ 8", "its length \" 8\" must be a number from 0 to 32" },
	{ "prefix", "10.0.0.0/255.0.0.0", "its length \"255.0.0.0\" must be a number from 0 to 32" },
	{ "prefix", "10.1.2.3/8", "has bits set beyond its length; write 10.0.0.0/8" },
	{ "prefix", "2001:db8::1/33", "has bits set beyond its length; write 2001:db8::/33" },
	{ "prefix", "192.0.2.1/0", "has bits set beyond its length; write 0.0.0.0/0" },
	{ "prefix", "any", PREFIX },
	{ "prefix", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8", PREFIX },
	{ "file", "rules", "must be a path that begins with /" },
	{ "file", "/nonexistent/rules", "cannot open /nonexistent/rules: No such file or directory" },
	{ "file", "/tmp", "/tmp is not a regular file" },
};

static void check_errors(const struct config_slot *slot, const struct xslot_param *rows, const char *expected)
{
	struct report report = {};
	struct params *params = NULL;
	char *text;

	assert_int_equal(params_parse(slot, rows, &params, &report), -EINVAL);
	assert_null(params);
	text = report_text(&report);
	assert_string_equal(text, expected);
	free(text);
}

static void test_wrong_values(void **state)
{
	char expected[512];
	struct slot slot;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(expected, sizeof(expected), "x.ini:5: %s = %s: %s", wrong[i].name, wrong[i].text,
			wrong[i].errors);
		check_errors(slot_make(&slot, wrong[i].name, wrong[i].text, NULL, NULL), schema, expected);
	}
	for (size_t i = 0; schema[i].type; i++) {
		if (schema[i].type == XSLOT_STRING)
			continue;
		struct report report = {};
		struct params *params;
		char *text;

		assert_int_equal(params_parse(slot_make(&slot, schema[i].name, "", NULL, NULL), schema,
					 &params, &report),
			-EINVAL);
		text = report_text(&report);
		snprintf(expected, sizeof(expected), "x.ini:5: %s has no value: must be ", schema[i].name);
		assert_memory_equal(text, expected, strlen(expected));
		free(text);
	}
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
		{ "rate", XSLOT_UINT, "packets a second", .min = 1, .max = 10 },
	};
	struct slot slot;

	check_errors(slot_make(&slot, "rate", "20", "burst", "7"), rows,
		"x.ini:6: plugin acl has no parameter burst; it has rules and rate\n"
		"x.ini:3: plugin acl needs the parameter rules (file of rules, one a line); add it to the "
		"slot\n"
		"x.ini:5: rate = 20: is out of range, it must be from 1 to 10");
}

static void test_what_is_not_given(void **state)
{
	struct params *params = parse(NULL, NULL);

	assert_int_equal(params_count(params), 15);
	assert_string_equal(params_name(params, 2), "rate");
	assert_ptr_equal(params_at(params, 2), params_get(params, "rate"));
	assert_int_equal(params_get(params, "rate")->type, XSLOT_NONE);
	assert_int_equal(params_get(params, "burst")->type, XSLOT_UINT);
	assert_int_equal(params_get(params, "burst")->number, 2000);
	assert_false(params_get(params, "burst")->given);
	assert_null(params_get(params, "nothing"));
	assert_int_equal(params_place(params, "burst", 0).line, 3);
	assert_int_equal(params_place(params, "nothing", 0).line, 0);
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
		assert_int_equal(params_parse(slot_make(&slot, NULL, NULL, NULL, NULL), tables[i], &params[i],
					 &report),
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

	assert_int_equal(params_parse(&slot, schema, &params, &report), 0);
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
		assert_true(param_is_hosts(hosts[i]));
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		assert_false(param_is_hosts(plugins[i]));
}

static void check_schema(const struct xslot_param *row, const char *sentence)
{
	struct xslot_param rows[XSLOT_MAX_PARAMS] = { *row };
	struct xslot_diag diag = {};

	assert_int_equal(params_check_schema(rows, &diag), sentence ? -EINVAL : 0);
	if (sentence)
		assert_string_equal(diag.message, sentence);
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
			"parameter a: help, words or fallback is not text that ends within its field" },
		{ { "a", XSLOT_BOOL, "", .max = 1 },
			"parameter a: .min and .max are for UINT, INT and DURATION" },
		{ { "a", XSLOT_UINT, "", .min = -1, .max = 1 },
			"parameter a: .min is negative, but its type has no sign" },
		{ { "a", XSLOT_UINT, "", .min = 2 }, "parameter a: .max is less than .min" },
		{ { "a", XSLOT_INT, "", .max = UINT64_MAX }, "parameter a: .max is more than an INT holds" },
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
		{ { "a", XSLOT_UINT, "", .min = 1, .max = 5, .fallback = "6" },
			"parameter a: .fallback = 6: is out of range, it must be from 1 to 5" },
	};
	struct xslot_param row = { "a", XSLOT_STRING, "" };
	struct xslot_param two[XSLOT_MAX_PARAMS] = { row, row };
	struct xslot_diag diag = {};

	assert_int_equal(params_check_schema(schema, &diag), 0);
	assert_int_equal(params_check_schema(no_schema, &diag), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_schema(&rows[i].row, rows[i].sentence);
	assert_int_equal(params_check_schema(two, &diag), -EINVAL);
	assert_string_equal(diag.message, "parameter a: is there twice");
	memset(row.fallback, 'x', sizeof(row.fallback));
	check_schema(&row, "parameter a: help, words or fallback is not text that ends within its field");
	row.fallback[sizeof(row.fallback) - 1] = 0;
	check_schema(&row, NULL);
	memset(row.name, 'x', sizeof(row.name));
	check_schema(&row, "a parameter's name is not text that ends within its field");
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
	assert_int_equal(params_parse(slot_make(&slot, rows[31].name, rows[31].words, NULL, NULL), rows,
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
		for (int i = rand_r(&seed) % 23; i > 0; i--)
			text[i - 1] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		params_check_schema(rows, &diag);
		params_parse(slot_make(&slot, "a", text, NULL, NULL), rows, &params, &report);
		assert_int_equal(params == NULL, report.n_errors > 0);
		params_free(params);
		report_clear(&report);
	}
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "interfaces", "mode", "final", "on_gap", "tx", "proceed_on" };
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{ "interface", "interfaces" },
		{ "Interfaces", "interfaces" },
		{ "mdoe", "mode" },
		{ "fnial", "final" },
		{ "xt", "tx" },
		{ "ongap", "on_gap" },
		{ "pro", "proceed_on" },
		{ "t", NULL },
		{ "", NULL },
		{ "zz", NULL },
		{ "colour", NULL },
		{ "a-word-that-is-far-longer-than-any-name-that-could-ever-be-meant-by-it-here", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *nearest = text_nearest(rows[i].word, names, 6);

		if (rows[i].nearest)
			assert_string_equal(nearest ? nearest : "none", rows[i].nearest);
		else
			assert_null(nearest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_required_and_all_at_once),
		cmocka_unit_test(test_what_is_not_given),
		cmocka_unit_test(test_a_file_is_read_once),
		cmocka_unit_test(test_equal_is_by_value),
		cmocka_unit_test(test_equal_needs_the_same_table),
		cmocka_unit_test(test_params_outlive_their_slot),
		cmocka_unit_test(test_hosts_keys),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_garbage_never_crashes),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
