/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Files that end, fill or hold up the process that looks at them: each is refused by name, this process lives
 * on, nothing is left of the other one, and the next file is looked at as if nothing had been.
 */
#include "host/plugin/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define SIZE_MAX_READ (64 << 20)

/* A call of the linker's --wrap that fails once. */
static const char *failing;
static int failing_with;

static bool fails(const char *call)
{
	if (!failing || strcmp(failing, call) != 0)
		return false;
	failing = NULL;
	errno = failing_with;
	return true;
}

int __real_poll(struct pollfd *polls, nfds_t n, int ms);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
long __real_syscall(long number, ...);
int __wrap_poll(struct pollfd *polls, nfds_t n, int ms);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
long __wrap_syscall(long number, ...);

int __wrap_poll(struct pollfd *polls, nfds_t n, int ms)
{
	return fails("poll") ? -1 : __real_poll(polls, n, ms);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return fails("sendmsg") ? -1 : __real_sendmsg(fd, message, flags);
}

long __wrap_syscall(long number, ...)
{
	long first, second, third;
	va_list arguments;

	va_start(arguments, number);
	first = va_arg(arguments, long);
	second = va_arg(arguments, long);
	third = va_arg(arguments, long);
	va_end(arguments);
	return number == SYS_pidfd_open && fails("pidfd_open") ? -1
							       : __real_syscall(number, first, second, third);
}

static struct blob *read_module(const char *name, char path[static PATH_MAX])
{
	struct blob *blob;

	snprintf(path, PATH_MAX, "%s/%s.so", MODULES_DIR, name);
	assert_int_equal(blob_read(path, SIZE_MAX_READ, &blob, NULL), 0);
	return blob;
}

static int look(const char *name, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	struct blob *blob = read_module(name, path);
	const struct digest digest = digest_of(blob->data, blob->size);
	/* As the host does: the name that it would be found by. */
	int r = inspect_plugin("/plugins/sample.so", blob, &digest, true, diag);

	blob_free(blob);
	return r;
}

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static const struct {
	const char *name, *words;
} bad[] = {
	{ "crashes", "/plugins/sample.so: it crashed (SIGSEGV) while it was opened" },
	{ "aborts", "/plugins/sample.so: it crashed (SIGABRT) while it was opened" },
	{ "exits", "/plugins/sample.so: it ended the process (exit status 3) while it was opened: goodbye" },
	{ "recurses", "/plugins/sample.so: it crashed (SIGSEGV) while it was opened" },
	{ "fills", "/plugins/sample.so: it took more than 1 GiB of memory while it was opened" },
	{ "detaches", "/plugins/sample.so: it ended the process (exit status 0) while it was opened" },
	{ "forks", "/plugins/sample.so: it crashed (SIGABRT) while it was opened" },
	{ "loops", "/plugins/sample.so: it did not come to an end within 10 seconds while it was opened" },
};

static void test_bad_files_are_named(void **state)
{
	size_t n = count_fds();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xslot_diag diag = {};

		assert_int_equal(look(bad[i].name, &diag), -EBADMSG);
		/* On a busy machine the memory may last for longer than the time. */
		if (strcmp(bad[i].name, "fills") == 0 && strstr(diag.message, "10 seconds"))
			continue;
		assert_string_equal(diag.message, bad[i].words);
		/* Again at once, for the next slot that has it. */
		assert_int_equal(look(bad[i].name, &diag), -EBADMSG);
		assert_string_equal(diag.message, bad[i].words);
		assert_int_equal(look("good", &diag), 0);
		xslot_diag_clear(&diag);
	}
	inspect_end();
	assert_int_equal(count_fds(), n);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* What cannot be loaded for a reason that can be said is not refused here: the host says it better. */
static void test_refusals_are_the_hosts(void **state)
{
	static const char *const names[] = { "good", "undefined", "needs", "hidden", "magic", "changes",
		"textrel" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct xslot_diag diag = {};

		if (look(names[i], &diag) != 0)
			fail_msg("%s: %s", names[i], diag.message);
	}
	inspect_end();
}

/* Known bytes cost nothing: no process. */
static void test_known_bytes_are_not_looked_at_again(void **state)
{
	char path[PATH_MAX];
	struct blob *blob = read_module("second", path);
	const struct digest digest = digest_of(blob->data, blob->size);
	size_t n = count_fds();

	assert_int_equal(inspect_plugin(path, blob, &digest, true, NULL), 0);
	assert_true(count_fds() > n); /* it is there, for the next file */
	inspect_end();
	assert_int_equal(count_fds(), n);
	assert_int_equal(inspect_plugin("/elsewhere/second.so", blob, &digest, true, NULL), 0);
	assert_int_equal(count_fds(), n);
	blob_free(blob);
}

static const struct {
	const char *call;
	int error;
} faults[] = {
	{ "sendmsg", ENOMEM },
	{ "sendmsg", ETOOMANYREFS },
	{ "poll", ENOMEM },
	{ "pidfd_open", EMFILE },
};

/* An error in asking says nothing of the file, and nobody waits for the end of a process that lives. */
static void test_a_call_that_fails_is_no_refusal(void **state)
{
	char path[PATH_MAX];
	struct blob *blob = read_module("second", path);
	const struct digest digest = digest_of(blob->data, blob->size);
	size_t n = count_fds();

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct xslot_diag diag = {};

		/* Once before the other process is there, once when it waits for a file. */
		for (int before = 0; before < 2; before++) {
			if (before)
				assert_int_equal(look("good", &diag), 0);
			failing = faults[i].call;
			failing_with = faults[i].error;
			assert_int_equal(inspect_plugin(path, blob, &digest, false, &diag), -faults[i].error);
			assert_null(failing);
			assert_non_null(strstr(diag.message, strerror(faults[i].error)));
		}
		xslot_diag_clear(&diag);
	}
	assert_int_equal(inspect_plugin(path, blob, &digest, false, NULL), 0);
	inspect_end();
	assert_int_equal(count_fds(), n);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	blob_free(blob);
}

/* All inputs that ever broke something, and good ones, as objects: they may be anything but our end. */
static void test_objects(void **state)
{
	struct dirent *entry;
	DIR *dir = opendir(INPUTS);
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct xslot_diag diag = {};
		char path[PATH_MAX];
		struct blob *blob;

		snprintf(path, sizeof(path), "%s/%s", INPUTS, entry->d_name);
		if (entry->d_name[0] == '.' || blob_read(path, SIZE_MAX_READ, &blob, NULL) < 0)
			continue;
		for (int foreign = 0; foreign < 2; foreign++) {
			int r = inspect_object(path, blob, NULL, foreign, &diag);

			if (r != 0 && (r != -EBADMSG || !strstr(diag.message, path)))
				fail_msg("%s: %d, %s", path, r, diag.message);
		}
		xslot_diag_clear(&diag);
		blob_free(blob);
		n++;
	}
	closedir(dir);
	inspect_end();
	assert_true(n >= 5);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_files_are_named),
		cmocka_unit_test(test_refusals_are_the_hosts),
		cmocka_unit_test(test_known_bytes_are_not_looked_at_again),
		cmocka_unit_test(test_a_call_that_fails_is_no_refusal),
		cmocka_unit_test(test_objects),
	};

	inspect_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
