/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config/param_text.h"
#include "config/text.h"
#include "param-table.h"

static const struct xslot_param *row_find(const char *name)
{
	for (size_t i = 0; schema[i].type; i++) {
		if (strcmp(schema[i].name, name) == 0)
			return &schema[i];
	}
	fail_msg("no row %s", name);
	return NULL;
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

static const struct {
	const char *name, *text, *value;
} good_values[] = {
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
	{ "least", "10", "10" },
	{ "below", "-1", "-1" },
	{ "below", "-10", "-10" },
	{ "above", "9223372036854775807", "9223372036854775807" },
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

static void test_values(void **state)
{
	char text[128];

	for (size_t i = 0; i < sizeof(good_values) / sizeof(good_values[0]); i++) {
		const struct xslot_param *row = row_find(good_values[i].name);
		struct xslot_diag diag = {};
		struct xslot_value value;

		if (param_text_parse(row, good_values[i].text, &value, &diag) < 0)
			fail_msg("%s", diag.message);
		assert_int_equal(value.type, row->type);
		assert_false(value.given);
		format_value(&value, text, sizeof(text));
		assert_string_equal(text, good_values[i].value);
	}
}

#define COUNT ", and may end in k (thousands), M (millions) or G (thousand millions)"
#define ANY_UINT "must be a whole number from 0 to 18446744073709551615" COUNT
#define MAC "must be a MAC address such as 02:00:5e:10:00:01"
#define UNIT "must be a whole number and a unit, without a blank between them: ns, us, ms, s, m or h"
#define ADDRESS "must be an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1"
#define PREFIX "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32"

static const struct {
	const char *name, *text, *sentence;
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
	{ "uint", "18446744073709551616", "is out of range; it must be from 0 to 18446744073709551615" },
	{ "uint", "18446744074G", "is out of range; it must be from 0 to 18446744073709551615" },
	{ "uint", "99999999999999999999999999999999999999999",
		"is out of range; it must be from 0 to 18446744073709551615" },
	{ "rate", "0", "is out of range; it must be from 1 to 65536" },
	{ "rate", "66k", "is out of range; it must be from 1 to 65536" },
	{ "rate", "ten", "must be a whole number from 1 to 65536" COUNT },
	{ "int", "9223372036854775808",
		"is out of range; it must be from -9223372036854775808 to 9223372036854775807" },
	{ "int", "-9223372036854775809",
		"is out of range; it must be from -9223372036854775808 to 9223372036854775807" },
	{ "int", "--1", "must be a whole number from -9223372036854775808 to 9223372036854775807" COUNT },
	{ "int", "-", "must be a whole number from -9223372036854775808 to 9223372036854775807" COUNT },
	{ "shift", "1", "is out of range; it must be from -10 to 0" },
	{ "shift", "-11", "is out of range; it must be from -10 to 0" },
	{ "least", "9", "is out of range; it must be from 10 to 18446744073709551615" },
	{ "below", "0", "is out of range; it must be from -10 to -1" },
	{ "below", "-11", "is out of range; it must be from -10 to -1" },
	{ "above", "-1", "is out of range; it must be from 1 to 9223372036854775807" },
	{ "wait", "999ms", "is out of range; it must be from 1s to 18446744073709551615ns" },
	{ "time", "10", "has no unit; write it with ns, us, ms, s, m or h" },
	{ "time", "10 ms", UNIT },
	{ "time", "ms", UNIT },
	{ "time", "-1s", UNIT },
	{ "time", "1d", UNIT },
	{ "time", "5124096h", "is out of range; it must be from 0ns to 18446744073709551615ns" },
	{ "period", "999us", "is out of range; it must be from 1ms to 90s" },
	{ "period", "2m", "is out of range; it must be from 1ms to 90s" },
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
};

static void test_wrong_values(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xslot_value value = { .type = 77 };
		struct xslot_diag diag = {};

		assert_true(param_text_parse(row_find(wrong[i].name), wrong[i].text, &value, &diag) < 0);
		assert_string_equal(diag.message, wrong[i].sentence);
		assert_int_equal(value.type, 77);
	}
}

static void test_empty_values(void **state)
{
	for (size_t i = 0; schema[i].type; i++) {
		struct xslot_diag diag = {};
		struct xslot_value value;
		int r = param_text_parse(&schema[i], "", &value, &diag);

		if (schema[i].type == XSLOT_STRING)
			assert_int_equal(r, 0);
		else
			assert_memory_equal(diag.message, "must be ", 8);
	}
}

static void test_unknown_type(void **state)
{
	struct xslot_param row = { .name = "a", .type = XSLOT_FILE + 1 };
	struct xslot_diag diag = {};
	struct xslot_value value;

	assert_true(param_text_parse(&row, "1", &value, &diag) < 0);
	assert_string_equal(diag.message, "is a parameter of type 12, which this host does not know");
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
		cmocka_unit_test(test_empty_values),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
