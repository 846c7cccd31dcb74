/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A kernel that refuses to wait for packets: nothing goes on without it. Each case in a child, which may end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/change/transaction.h"
#include "util/diag.h"
#include "util/log.h"

static int refusals;
static char lines[1024];

int __wrap_grace_wait(struct grace *grace, struct xslot_diag *diag);

int __wrap_grace_wait(struct grace *grace, struct xslot_diag *diag)
{
	if (refusals == 0)
		return 0;
	if (refusals > 0)
		refusals--;
	return fail(diag, -ENOMEM, "cannot wait: no memory");
}

static void take_log(enum log_level level, const char *text)
{
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", text);
}

enum { REMOVED = 40, WRONG_WORDS };

/* Detaches nothing, and returns when nothing is in the way of removing it. */
static int detach(bool stopping)
{
	struct dataplane dataplane = { .grace = (struct grace *)lines, .stopping = stopping };
	struct chain *chain = chain_alloc("edge");

	log_set_sink(take_log);
	dataplane_detach(&dataplane, &chain, 1);
	return strstr(lines, "cannot wait: no memory; the old programs stay") &&
			       strstr(lines, "the grace period is over at last")
		       ? REMOVED
		       : WRONG_WORDS;
}

static int result(int times, bool stopping)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		refusals = times;
		_exit(detach(stopping));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_keeps_until_it_works(void **state)
{
	assert_int_equal(result(1, false), REMOVED);
	assert_int_equal(result(5, false), REMOVED);
}

static void test_stopped_it_ends_and_removes_nothing(void **state)
{
	assert_int_equal(result(1, true), REMOVED);
	assert_int_equal(result(-1, true), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_until_it_works),
		cmocka_unit_test(test_stopped_it_ends_and_removes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
