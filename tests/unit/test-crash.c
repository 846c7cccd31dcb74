/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Who is named when the process crashes, or is ended, inside of plugins' code and elsewhere. Each in a child.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/plugin/callback.h"
#include "host/plugin/crash.h"

static char said[1024];

static void enter(void)
{
	const struct callback callback = {
		.slot = "edge.10", .plugin = "sample", .name = "status", .way = QUARANTINE_STATUS
	};

	callback_begin(&callback);
}

/* Run it, watched, in a child, and take what it says; its status. */
static int watch(void (*body)(void))
{
	int out[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		close(out[0]);
		signal(SIGABRT, SIG_DFL); /* cmocka's and a sanitizer's own */
		signal(SIGSEGV, SIG_DFL);
		crash_watch(out[1], "here: ");
		body();
		crash_unwatch();
		exit(0);
	}
	close(out[1]);
	n = read(out[0], said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = 0;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void says(const char *text)
{
	if (strcmp(said, text) != 0)
		fail_msg("\"%s\" and not \"%s\"", said, text);
}

static void aborts(void (*body)(void), const char *text)
{
	int status = watch(body);

	says(text);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void raise_abort(void)
{
	enter();
	raise(SIGABRT);
}

static void break_memory(void)
{
	char *volatile nowhere = (char *)8; /* which the compiler may not look through */

	enter();
	*nowhere = 0;
}

static void test_signals(void **state)
{
	int status;

	aborts(raise_abort, "here: edge.10: plugin sample: its status crashed (SIGABRT)\n");
	status = watch(break_memory);
	says("here: edge.10: plugin sample: its status crashed (SIGSEGV)\n");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void call_exit(void)
{
	enter();
	exit(0);
}

static void call_quick_exit(void)
{
	enter();
	quick_exit(0);
}

/* As a shared object's call is bound: by name, the program's own symbols first. */
static void call_by_name(const char *name)
{
	void (*function)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, name);

	enter();
	function(0);
}

static void call__exit(void)
{
	call_by_name("_exit");
}

static void call__Exit(void)
{
	call_by_name("_Exit");
}

static void test_exit_is_a_crash(void **state)
{
	aborts(call_exit, "here: edge.10: plugin sample: its status ended the process: it called exit()\n");
	aborts(call_quick_exit,
		"here: edge.10: plugin sample: its status ended the process: it called quick_exit()\n");
	aborts(call__exit, "here: edge.10: plugin sample: its status ended the process: it called _exit()\n");
	aborts(call__Exit, "here: edge.10: plugin sample: its status ended the process: it called _exit()\n");
}

static void leave_and_exit(void)
{
	enter();
	callback_end();
	exit(0);
}

static void leave_and_abort(void)
{
	enter();
	callback_end();
	raise(SIGABRT);
}

static void do_nothing(void)
{
	enter();
	callback_end();
}

static void test_outside_of_callbacks(void **state)
{
	aborts(leave_and_exit, "here: exit() was called outside of plugins' callbacks: SIGABRT\n");
	aborts(leave_and_abort, "");
	assert_int_equal(watch(do_nothing), 0);
	says("");
}

static void *raise_in_thread(void *data)
{
	raise(SIGABRT);
	return NULL;
}

/* Not the callback's thread: not the callback's crash. */
static void raise_elsewhere(void)
{
	pthread_t thread;

	enter();
	pthread_create(&thread, NULL, raise_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void exit_in_a_fork(void)
{
	pid_t pid;

	enter();
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (pid == 0 && i == 0)
			exit(0);
		if (pid == 0 && i == 1)
			_exit(0);
		if (pid == 0)
			raise(SIGABRT);
		waitpid(pid, NULL, 0);
	}
	callback_end();
}

static void test_other_threads_and_processes(void **state)
{
	aborts(raise_elsewhere, "");
	assert_int_equal(watch(exit_in_a_fork), 0);
	says("");
}

static void be_killed(bool hangs)
{
	pid_t pid;

	enter();
	crash_hangs(hangs);
	pid = fork();
	if (pid == 0) {
		kill(getppid(), SIGABRT);
		_exit(0);
	}
	for (;;)
		pause();
}

static void be_killed_early(void)
{
	be_killed(false);
}

static void be_killed_late(void)
{
	be_killed(true);
}

/* As systemd's watchdog does. */
static void test_from_outside(void **state)
{
	aborts(be_killed_early, "");
	aborts(be_killed_late,
		"here: edge.10: plugin sample: its status hung until the process was ended (SIGABRT)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_exit_is_a_crash),
		cmocka_unit_test(test_outside_of_callbacks),
		cmocka_unit_test(test_other_threads_and_processes),
		cmocka_unit_test(test_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
