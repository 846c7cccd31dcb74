/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A BPF program's messages on their way to the log: how they read, and how many of a flood get there. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "kernel/messages/limit.h"
#include "kernel/messages/text.h"

static char line[MESSAGES_LINE];

/* With the words 7, -1, the first half of ::1, and its second one. */
static const char *says(const char *text, unsigned n_words)
{
	struct xslot_message message = { .head = { .format = XSLOT_MESSAGE_FORMAT, .n_words = (__u8)n_words },
		.words = { 7, ~0ULL } };

	message.words[3] = (__u64)htonl(1) << 32;
	snprintf(message.head.text, sizeof(message.head.text), "%s", text);
	text_format(&message, line);
	return line;
}

static void test_values(void **state)
{
	assert_string_equal(says("plain", 0), "plain");
	assert_string_equal(says("%u %d", 2), "7 -1");
	assert_string_equal(says("%x%x", 2), "7ffffffffffffffff");
	assert_string_equal(says("100%%", 0), "100%");
	assert_string_equal(says("%4 %m", 2), "7.0.0.0 ff:ff:ff:ff:ff:ff");
	assert_string_equal(says("%u%u %6.", 4), "718446744073709551615 ::1.");
	assert_string_equal(says("ends with %", 0), "ends with %");
}

static void test_values_that_are_missing(void **state)
{
	assert_string_equal(says("%u %u", 1), "7 ?");
	assert_string_equal(says("%u %6 %u", 2), "7 ? ?");
	assert_string_equal(says("%6", 1), "?");
	assert_string_equal(says("%u", 0), "?");
	assert_string_equal(says("a\x1b[2Jb\n\x7f", 0), "a?[2Jb??");
}

/* A BPF program may write anything into its ring buffer, and an older or newer one has another format. */
static void test_what_is_no_message(void **state)
{
	struct xslot_message message, taken;

	memset(&message, '%', sizeof(message));
	assert_int_equal(text_take(&message, 0, &taken), -EINVAL);
	assert_int_equal(text_take(&message, sizeof(message), &taken), -EPROTO);
	message.head.format = XSLOT_MESSAGE_FORMAT;
	assert_int_equal(text_take(&message, sizeof(message) - 1, &taken), -EINVAL);
	assert_int_equal(text_take(&message, sizeof(message), &taken), 0);
	assert_int_equal(taken.head.n_words, XSLOT_MESSAGE_WORDS);
	text_format(&taken, line);
	assert_int_equal(strlen(line), XSLOT_MESSAGE_TEXT / 2);
	for (size_t i = 1; i < XSLOT_MESSAGE_TEXT; i += 2)
		taken.head.text[i] = '6';
	taken.head.text[XSLOT_MESSAGE_TEXT - 1] = 0;
	text_format(&taken, line);
	assert_in_range(strlen(line), XSLOT_MESSAGE_TEXT / 2, MESSAGES_LINE - 1);
}

static uint64_t left_out[LIMIT_TEXTS + 1];
static unsigned n_told;

static void tell(void *data, unsigned level, uint64_t n, const char *text)
{
	n_told++;
	left_out[text ? text[0] - 'a' : LIMIT_TEXTS] += n;
}

static struct limit limit;

static int begin(void **state)
{
	limit = (struct limit){};
	n_told = 0;
	memset(left_out, 0, sizeof(left_out));
	return 0;
}

static unsigned take(const char *text, unsigned n, uint64_t now_us)
{
	unsigned written = 0;

	for (unsigned i = 0; i < n; i++)
		written += limit_take(&limit, 6, text, now_us);
	return written;
}

/* A flood of one text leaves room for another, and both are counted. */
static void test_flood(void **state)
{
	assert_int_equal(take("a", 1000, 5), LIMIT_OF_ONE);
	assert_int_equal(take("b", 3, 6), 3);
	assert_int_equal(limit_due(&limit), 5 + LIMIT_FIRST_US);
	assert_false(limit_over(&limit, 4 + LIMIT_FIRST_US));
	assert_true(limit_over(&limit, 5 + LIMIT_FIRST_US));
	limit_end(&limit, tell, NULL);
	assert_int_equal(n_told, 1);
	assert_int_equal(left_out[0], 1000 - LIMIT_OF_ONE);
	assert_int_equal(limit_due(&limit), 0);
}

static void test_many_texts(void **state)
{
	unsigned written = 0;
	char text[] = "a";

	for (; text[0] < 'a' + LIMIT_TEXTS + 4; text[0]++)
		written += take(text, 3, 1);
	assert_int_equal(written, LIMIT_LINES);
	limit_end(&limit, tell, NULL);
	for (unsigned i = 0; i <= LIMIT_TEXTS; i++)
		written += (unsigned)left_out[i];
	assert_int_equal(written, 3 * (LIMIT_TEXTS + 4));
	assert_int_equal(left_out[LIMIT_TEXTS], 3 * 4);
	assert_true(n_told <= LIMIT_TEXTS + 1);
}

/* A thousand messages a second all day: what is in the log then. */
static void test_a_day(void **state)
{
	const uint64_t day_us = 86400ULL * 1000000;
	unsigned lines = 0;

	for (uint64_t now = 1000; now < day_us; now += 50000) {
		if (limit_over(&limit, now))
			limit_end(&limit, tell, NULL);
		lines += take("a", 50, now);
	}
	assert_in_range(lines + n_told, 24 * 60, 24 * 60 * 8);
	limit_end(&limit, tell, NULL);
	assert_int_equal(lines + left_out[0], (day_us - 1000) / 50000 * 50 + 50);
	/* Then it is quiet for once, and a second is a second again. */
	assert_int_equal(take("a", 1, day_us), 1);
	assert_true(limit_over(&limit, day_us + LIMIT_LAST_US));
	limit_end(&limit, tell, NULL);
	take("a", 100, day_us + LIMIT_LAST_US);
	assert_int_equal(limit_due(&limit), day_us + LIMIT_LAST_US + LIMIT_FIRST_US);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_values_that_are_missing),
		cmocka_unit_test(test_what_is_no_message),
		cmocka_unit_test_setup(test_flood, begin),
		cmocka_unit_test_setup(test_many_texts, begin),
		cmocka_unit_test_setup(test_a_day, begin),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
