/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <signal.h>
#include <string.h>

#include "check.h"
#include "host/work/asked.h"

static void test_nobody_asked(void **state)
{
	struct asked asked = {};

	assert_string_equal(asked_clause(&asked), "");
}

static void test_who_and_how(void **state)
{
	struct asked asked = {}, other = {};

	asked_add(&asked, 0, 0, 7);
	assert_string_equal(asked_clause(&asked), ", asked for by uid 0, pid 7 over the socket");
	asked_add(&other, SIGHUP, 1000, 0);
	asked_merge(&asked, &other);
	assert_string_equal(asked_clause(&asked),
		", asked for by uid 0, pid 7 over the socket; by uid 1000, process unknown with SIGHUP");
	asked = (struct asked){};
	asked_merge(&asked, &other);
	assert_string_equal(asked_clause(&asked), ", asked for by uid 1000, process unknown with SIGHUP");
}

/* Any number may ask for one reload; the longest of them fit. */
static void test_crowd(void **state)
{
	struct asked asked = {}, other = {};
	const char *clause;
	unsigned named = 0;

	for (int i = 0; i < ASKED_MAX + 3; i++) {
		asked_add(&asked, SIGVTALRM, (uid_t)-1, INT32_MAX - i);
		asked_add(&other, 0, (uid_t)-2, INT32_MAX - i);
	}
	asked_merge(&asked, &other);
	clause = asked_clause(&asked);
	for (const char *at = clause; (at = strstr(at, "pid 2147483")); at++)
		named++;
	assert_int_equal(named, ASKED_MAX);
	assert_non_null(strstr(clause, "pid 2147483640 with SIGVTALRM"));
	assert_string_equal(strrchr(clause, ';'), "; and by 14 more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_asked),
		cmocka_unit_test(test_who_and_how),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
