/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* <xslot/file.h>: lines and words of an XSLOT_FILE, what a prefix, a port and a number are, and the errors.
 */
#include <xslot/file.h>

#include "acl-host.h"
#include "check.h"

static struct acl_host host;
static struct xslot_file file;

static void begin(const char *text, size_t size)
{
	acl_host_init(&host, text, size, 0);
	xslot_file_open(&file, &host.context, "rules");
}

#define BEGIN(text) begin(text, sizeof(text) - 1)

/* The only error so far, which was at this line. */
static void assert_error(unsigned line, const char *text)
{
	assert_int_equal(host.n_errors, 1);
	assert_int_equal(host.errors[0].line, line);
	assert_string_equal(host.errors[0].text, text);
}

static void test_lines(void **arg)
{
	BEGIN("\n  # nothing\none\ttwo  # three\r\n\r\nlast#");
	assert_true(xslot_file_next(&file));
	assert_int_equal(file.line, 3);
	assert_int_equal(file.n_words, 2);
	assert_string_equal(file.words[0], "one");
	assert_string_equal(file.words[1], "two");
	assert_true(xslot_file_next(&file));
	assert_int_equal(file.line, 5);
	assert_string_equal(file.words[0], "last");
	assert_false(xslot_file_next(&file));
	assert_false(xslot_file_next(&file));
	assert_int_equal(xslot_file_close(&file), 0);
}

static void test_no_file(void **arg)
{
	BEGIN("");
	assert_false(xslot_file_next(&file));
	host.rules.type = XSLOT_NONE; /* not given */
	xslot_file_open(&file, &host.context, "rules");
	assert_false(xslot_file_next(&file));
	assert_int_equal(xslot_file_close(&file), 0);
}

static void test_lines_that_cannot_be_split(void **arg)
{
	static const char long_word[] =
		"0123456789012345678901234567890123456789012345678901234567890123\nnext";

	BEGIN("a\0b\nnext");
	assert_true(xslot_file_next(&file));
	assert_string_equal(file.words[0], "next");
	assert_error(1, "byte 0x00: outside comments the file must be plain ASCII");
	BEGIN("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18");
	assert_false(xslot_file_next(&file));
	assert_error(1, "\"17\" is one word too many: a line has at most 16");
	BEGIN(long_word);
	assert_true(xslot_file_next(&file));
	assert_int_equal(file.line, 2);
	assert_error(1, "\"01234567890123456789...\" is 64 characters long: a word has at most 63");
	assert_int_equal(xslot_file_close(&file), -EINVAL);
	begin(long_word + 1, sizeof(long_word) - 2);
	assert_true(xslot_file_next(&file));
	assert_int_equal(strlen(file.words[0]), 63);
	assert_int_equal(xslot_file_close(&file), 0);
}

/* The log of a file of errors is no longer than that of a hundred. */
static void test_many_errors(void **arg)
{
	static char text[2 * 150];

	memset(text, '\n', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = '\x7f';
	begin(text, sizeof(text));
	assert_false(xslot_file_next(&file));
	assert_int_equal(host.n_errors, 100);
	assert_int_equal(xslot_file_close(&file), -EINVAL);
	assert_int_equal(host.n_errors, 101);
	assert_int_equal(host.errors[100].line, 0);
	assert_string_equal(host.errors[100].text, "50 more errors, after the first 100");
}

static void test_prefixes(void **arg)
{
	static const struct {
		const char *word;
		uint8_t family, length, first, last;
	} right[] = {
		{ "192.0.2.1", 4, 32, 192, 0 },
		{ "10.128.0.0/9", 4, 9, 10, 0 },
		{ "0.0.0.0/0", 4, 0, 0, 0 },
		{ "::/0", 6, 0, 0, 0 },
		{ "2001:db8::1", 6, 128, 0x20, 1 },
		{ "2001:db8::fe/127", 6, 127, 0x20, 0xfe },
	};
	struct xslot_prefix prefix;

	BEGIN("");
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		assert_int_equal(xslot_file_prefix(&file, NULL, right[i].word, &prefix), 0);
		assert_int_equal(prefix.family, right[i].family);
		assert_int_equal(prefix.length, right[i].length);
		assert_int_equal(prefix.address[0], right[i].first);
		assert_int_equal(prefix.address[15], right[i].last);
	}
	assert_int_equal(host.n_errors, 0);
}

static void test_wrong_prefixes(void **arg)
{
	static const char *const wrong[][2] = {
		{ "", "\"\" is not an IPv4 or IPv6 prefix" },
		{ "/8", "\"/8\" is not an IPv4 or IPv6 prefix" },
		{ "010.0.0.1", "\"010.0.0.1\" is not an IPv4 or IPv6 prefix" },
		{ "10.0.0.0/", "\"\" is not a prefix length in \"10.0.0.0/\": it goes from 0 to 32" },
		{ "10.0.0.0/33", "\"33\" is not a prefix length in \"10.0.0.0/33\": it goes from 0 to 32" },
		{ "::/129", "\"129\" is not a prefix length in \"::/129\": it goes from 0 to 128" },
		{ "::/1/1", "\"1/1\" is not a prefix length in \"::/1/1\": it goes from 0 to 128" },
		{ "fe80::1/64",
			"fe80::1/64 has bits set beyond its length: write fe80::/64 for the network, or fe80::1/128 for the address" },
	};
	struct xslot_prefix prefix = { .family = 99 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		BEGIN("");
		assert_int_equal(xslot_file_prefix(&file, NULL, wrong[i][0], &prefix), -EINVAL);
		assert_error(0, wrong[i][1]);
		assert_int_equal(prefix.family, 99);
	}
	BEGIN("");
	assert_int_equal(xslot_file_prefix(&file, "a peer", "x", &prefix), -EINVAL);
	assert_error(0, "\"x\" is not a peer");
}

static void test_ports(void **arg)
{
	static const char *const wrong[] = { "", "-", "1-", "-1", "80-90-100", "65536", "1-65536",
		"000000000000000000001-x", "+1", " 1", "0x10" };
	uint16_t low, high;

	BEGIN("");
	assert_int_equal(xslot_file_ports(&file, "80", &low, &high), 0);
	assert_true(low == 80 && high == 80);
	assert_int_equal(xslot_file_ports(&file, "0-65535", &low, &high), 0);
	assert_true(low == 0 && high == 65535);
	assert_int_equal(xslot_file_ports(&file, "0000000080-0000000090", &low, &high), 0);
	assert_true(low == 80 && high == 90);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		BEGIN("");
		assert_int_equal(xslot_file_ports(&file, wrong[i], &low, &high), -EINVAL);
		assert_int_equal(host.n_errors, 1);
		assert_non_null(strstr(host.errors[0].text, "is neither a port from 0 to 65535"));
	}
	BEGIN("");
	assert_int_equal(xslot_file_ports(&file, "90-80", &low, &high), -EINVAL);
	assert_error(0, "ports 90-80 run backwards: write 80-90");
}

static void test_numbers(void **arg)
{
	uint64_t number = 7;

	BEGIN("");
	assert_int_equal(xslot_file_decimal("18446744073709551615", 0, UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(xslot_file_decimal("18446744073709551616", 0, UINT64_MAX, &number), -EINVAL);
	assert_int_equal(xslot_file_decimal("99999999999999999999", 0, UINT64_MAX, &number), -EINVAL);
	assert_int_equal(xslot_file_decimal("5", 0, 3, &number), -EINVAL);
	assert_int_equal(xslot_file_decimal("0003", 3, 3, &number), 0);
	assert_int_equal(number, 3);
	assert_int_equal(xslot_file_number(&file, "a queue", "2", 3, 63, &number), -EINVAL);
	assert_error(0, "\"2\" is not a queue: write a number from 3 to 63");
	assert_int_equal(number, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_lines_that_cannot_be_split),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_wrong_prefixes),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
