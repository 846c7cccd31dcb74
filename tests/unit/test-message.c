/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A BPF program's messages on their way to the log: how they read, and how many of a flood get there. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xslot/message.h>

#include "check.h"

static char last[256];
static unsigned n_logged, n_left_out;

static void take_log(struct xslot_context *context, int priority, const char *format, va_list args)
{
	unsigned n;

	vsnprintf(last, sizeof(last), format, args);
	if (sscanf(last, "%u more messages", &n) == 1)
		n_left_out += n;
	else
		n_logged++;
}

static const struct xslot_host host = { .size = sizeof(host), .log = take_log };
static struct xslot_context context = { .host = &host, .slot = "test.1" };

static void says(const char *text, const char *words)
{
	struct xslot_messages messages = { .context = &context };
	struct xslot_message message = { .values = { 7, ~0ULL, 0x0100007f } };

	snprintf(message.text, sizeof(message.text), "%s", text);
	xslot_message_take(&messages, &message, sizeof(message));
	assert_string_equal(last, words);
}

static void test_values(void **state)
{
	says("plain", "plain");
	says("%u %d %4", "7 -1 127.0.0.1");
	says("%x%x", "7ffffffffffffffff");
	says("100%%", "100%");
	says("%u%u%u%u%u.", "718446744073709551615"
			    "16777343.");
	says("ends with %", "ends with %");
}

/* A BPF program may write anything into its ring buffer. */
static void test_what_is_no_message(void **state)
{
	struct xslot_messages messages = { .context = &context };
	struct xslot_message message;

	memset(&message, 'x', sizeof(message));
	xslot_message_take(&messages, &message, sizeof(message));
	assert_int_equal(strlen(last), XSLOT_MESSAGE_TEXT);
	memset(message.text, '%', sizeof(message.text));
	xslot_message_take(&messages, &message, sizeof(message));
	assert_int_equal(strlen(last), XSLOT_MESSAGE_TEXT / 2);
	strcpy(last, "before");
	xslot_message_take(&messages, &message, sizeof(message) - 1);
	assert_string_equal(last, "before");
}

/* However the second's end falls, each message is written or counted. */
static void test_flood(void **state)
{
	struct xslot_messages messages = { .context = &context };
	struct xslot_message message = { .text = "again" };

	n_logged = n_left_out = 0;
	for (unsigned i = 0; i < 1000; i++)
		xslot_message_take(&messages, &message, sizeof(message));
	xslot_messages_left_out(&messages);
	assert_in_range(n_logged, XSLOT_MESSAGES_A_SECOND, 10 * XSLOT_MESSAGES_A_SECOND);
	assert_int_equal(n_logged + n_left_out, 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_is_no_message),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
