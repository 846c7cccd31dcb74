/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What stands beside a line of the log: for the journal, for JSON; and how many lines others can cause. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "control/journal.h"
#include "host/plugin/rate.h"
#include "util/log.h"

static void check_fields(const struct log_about *about, const char *wanted)
{
	struct log_field fields[LOG_FIELDS_MAX];
	size_t n = log_fields(about, fields), used = 0;
	char text[2048] = "";

	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s", i ? " " : "",
			fields[i].name, fields[i].value);
	assert_string_equal(text, wanted);
}

static void test_fields(void **state)
{
	check_fields(NULL, "");
	check_fields(&(struct log_about){ .place = "edge" }, "chain=edge");
	check_fields(&(struct log_about){ .place = "edge.10: acl 1.0.0 -> 1.0.1" }, "chain=edge slot=10");
	check_fields(&(struct log_about){ .place = "edge: final pass -> drop" }, "chain=edge");
	check_fields(&(struct log_about){ "edge", "eth0\n\033[A", "lost", "uid 0" },
		"chain=edge interface=eth0\\x0a\\x1b[A event=lost by=uid 0");
	check_fields(&(struct log_about){ .event = "reload", .by = "" }, "event=reload");
}

/* What was written to stderr since; the caller frees. */
static char *written(void (*write_some)(void))
{
	int keep = dup(STDERR_FILENO), fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *text = calloc(1, 4096);

	assert_true(fd >= 0 && keep >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	write_some();
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
	assert_true(pread(fd, text, 4095, 0) >= 0);
	close(fd);
	return text;
}

static void write_as_json(void)
{
	const struct log_about about = { "edge.10", "eth\"0\\", "lost", NULL };

	log_set_format(LOG_FORMAT_JSON);
	log_write_about(LOG_LEVEL_WARNING, &about, "a \"quoted\" \\ line\n\033[A \xff");
	log_info("and another");
	log_debug("not this one");
	log_set_format(LOG_FORMAT_TEXT);
}

static void test_json(void **state)
{
	char *text = written(write_as_json), *rest = text, *first = strsep(&rest, "\n"),
	     *second = strsep(&rest, "\n");
	json_t *json = json_loads(first, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(json, "message")),
		"a \"quoted\" \\ line\\x0a\\x1b[A \\xff");
	assert_string_equal(json_string_value(json_object_get(json, "chain")), "edge");
	assert_string_equal(json_string_value(json_object_get(json, "slot")), "10");
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "eth\"0\\");
	assert_null(json_object_get(json, "by"));
	assert_int_equal(strlen(json_string_value(json_object_get(json, "time"))), 27);
	json_decref(json);
	json = json_loads(second, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "message")), "and another");
	json_decref(json);
	assert_string_equal(rest, "");
	free(text);
}

static bool takes;
static char sent[256];

static bool take(int priority, const struct log_about *about, const char *text)
{
	snprintf(sent, sizeof(sent), "<%d> %s %s", priority, about ? about->place : "-", text);
	return takes;
}

static void write_two(void)
{
	log_write_about(LOG_LEVEL_ERROR, &(struct log_about){ .place = "edge" }, "one");
	log_warning("two");
}

static void test_journal(void **state)
{
	char *text;

	unsetenv("JOURNAL_STREAM");
	log_set_journal(take);
	takes = true;
	text = written(write_two);
	assert_string_equal(text, "");
	assert_string_equal(sent, "<4> - two");
	free(text);
	/* What it does not take is not lost. */
	takes = false;
	text = written(write_two);
	assert_string_equal(text, "error: one\nwarning: two\n");
	free(text);
	log_set_journal(NULL);
	assert_int_equal(log_format_parse("xml", &(enum log_format){ 0 }), -EINVAL);
}

/* The variable is inherited, the stream may be another. */
static void test_whose_stream_it_is(void **state)
{
	struct stat stat;
	char stream[64];

	unsetenv("JOURNAL_STREAM");
	assert_false(journal_is_stderr());
	setenv("JOURNAL_STREAM", "1:2", 1);
	assert_false(journal_is_stderr());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(journal_is_stderr());
	assert_return_code(fstat(STDERR_FILENO, &stat), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)stat.st_dev,
		(unsigned long long)stat.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_int_equal(journal_is_stderr(), access("/run/systemd/journal/socket", W_OK) == 0);
	unsetenv("JOURNAL_STREAM");
}

static void test_rate(void **state)
{
	struct rate rate = { .most = 3, .period_us = 1000 };
	unsigned left_out, admitted = 0;

	for (unsigned i = 0; i < 10; i++)
		admitted += rate_admits(&rate, 5000 + i, &left_out);
	assert_int_equal(admitted, 3);
	assert_false(rate_admits(&rate, 5999, &left_out));
	assert_true(rate_admits(&rate, 6000, &left_out));
	assert_int_equal(left_out, 8);
	assert_true(rate_admits(&rate, 6001, &left_out));
	assert_int_equal(left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_whose_stream_it_is),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
