/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Callbacks that hang: with limits of milliseconds, and in a child each, since most of these end the process.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/plugin/hang.h"
#include "util/log.h"

enum { ENDED = 7, TRIGGERED = 8, LIMIT_US = 20000, LONG_US = 3600000000 };

static atomic_int n_lines;
static char lines[1024];

static void take_log(enum log_level level, const char *text)
{
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", text);
	n_lines++;
}

static void end(void)
{
	_exit(strstr(lines, "it ends at once") ? ENDED : 1);
}

static void trigger(void)
{
	_exit(TRIGGERED);
}

static const struct hang_limits short_limits = {
	.loop_us = LIMIT_US, .worker_us = LIMIT_US, .fatal_us = LONG_US, .end = end
};

static void begin(bool on_loop)
{
	const struct place place = {
		.slot = "edge.10", .plugin = "sample", .callback = "status", .thread = getpid() + !on_loop
	};

	hang_begin(&place);
}

static void wait_for_lines(int n)
{
	while (n_lines < n)
		poll(NULL, 0, 1);
}

static int run(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		log_set_sink(take_log);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int open_hang(struct hang_limits limits)
{
	struct xslot_diag diag = {};

	return hang_open(&limits, &diag);
}

static int name_each_once(void)
{
	if (open_hang(short_limits) < 0)
		return 1;
	for (int i = 0; i < 4; i += 2) {
		begin(i == 0);
		wait_for_lines(i + 1);
		poll(NULL, 0, 3 * LIMIT_US / 1000);
		hang_end();
		if (n_lines != i + 2)
			return 2;
	}
	hang_close();
	return strstr(lines, "edge.10: plugin sample: its status hangs: it has not returned for ") &&
			       strstr(lines, "edge.10: plugin sample: its status has returned, after ")
		       ? 0
		       : 3;
}

static int be_quick(void)
{
	struct hang_limits limits = short_limits;

	limits.loop_us = limits.worker_us = LONG_US;
	if (open_hang(limits) < 0)
		return 1;
	for (int i = 0; i < 100; i++) {
		begin(i % 2);
		hang_end();
	}
	kill(getpid(), SIGTERM);
	hang_stopping();
	begin(true);
	hang_end();
	hang_close();
	return n_lines;
}

static void test_names(void **state)
{
	assert_int_equal(run(name_each_once), 0);
	assert_int_equal(run(be_quick), 0);
}

static void forever(void)
{
	for (;;)
		pause();
}

/* The signal comes when it hangs already, or has come before. */
static int be_asked_late(void)
{
	if (open_hang(short_limits) < 0)
		return 1;
	begin(true);
	wait_for_lines(1);
	kill(getpid(), SIGTERM);
	forever();
	return 2;
}

static int be_asked_early(void)
{
	if (open_hang(short_limits) < 0)
		return 1;
	kill(getpid(), SIGTERM);
	begin(true);
	forever();
	return 2;
}

/* The loop has taken the signal, and waits for the worker. */
static int let_worker_hang(void)
{
	if (open_hang(short_limits) < 0)
		return 1;
	begin(false);
	wait_for_lines(1);
	hang_stopping();
	forever();
	return 2;
}

/* The loop is over, and a plugin's stop hangs on its thread. */
static int let_stop_hang(void)
{
	if (open_hang(short_limits) < 0)
		return 1;
	hang_stopping();
	begin(true);
	forever();
	return 2;
}

static void test_ends_when_asked(void **state)
{
	assert_int_equal(run(be_asked_late), ENDED);
	assert_int_equal(run(be_asked_early), ENDED);
	assert_int_equal(run(let_worker_hang), ENDED);
	assert_int_equal(run(let_stop_hang), ENDED);
}

static int hang_for_good(bool on_loop)
{
	struct hang_limits limits = short_limits;

	limits.fatal_us = 2 * LIMIT_US;
	limits.trigger = trigger;
	if (open_hang(limits) < 0)
		return 1;
	begin(on_loop);
	wait_for_lines(1);
	if (on_loop)
		poll(NULL, 0, 4 * LIMIT_US / 1000);
	else
		forever();
	return 0;
}

static int hang_worker(void)
{
	return hang_for_good(false);
}

static int hang_loop(void)
{
	return hang_for_good(true);
}

/* Of a loop that hangs the watchdog hears nothing by itself. */
static void test_watchdog_is_told(void **state)
{
	assert_int_equal(run(hang_worker), TRIGGERED);
	assert_int_equal(run(hang_loop), 0);
}

/* Its limits come from systemd: named before the watchdog has its way. */
static void test_limits(void **state)
{
	struct hang_limits limits;

	unsetenv("WATCHDOG_USEC");
	limits = hang_limits_of_host();
	assert_null(limits.trigger);
	assert_int_equal(limits.loop_us, 5000000);
	setenv("WATCHDOG_USEC", "3000000", 1);
	limits = hang_limits_of_host();
	assert_non_null(limits.trigger);
	assert_int_equal(limits.loop_us, 1000000);
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ends_when_asked),
		cmocka_unit_test(test_watchdog_is_told),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
