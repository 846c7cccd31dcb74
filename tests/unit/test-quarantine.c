/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The file that counts crashes: on a file system that is full, and what it counts, by a clock that is ours.
 * Each case, and each crash, in a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "host/plugin/quarantine.h"
#include "util/log.h"

static char directory[] = "/tmp/xslot-test-XXXXXX";
static char logged[1024];

static void take_log(enum log_level level, const char *text)
{
	snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%s\n", text);
}

static void fill_up(void)
{
	static const char block[4096];
	int fd = open("filler", O_WRONLY | O_CREAT, 0600);

	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static bool admits(void)
{
	const struct descriptor plugin = { .name = "sample" };
	const struct digest bytes = { { 1 } };
	struct xslot_diag diag = {};

	quarantine_open(directory, false);
	return quarantine_admit("sample.so", &bytes, &plugin, &diag) == 0;
}

/* Plugins run, and the log tells that nothing counts. */
static int without_count(const char *why)
{
	return admits() && strstr(logged, why) && strstr(logged, "will not be quarantined") ? 0 : 1;
}

static int first_start(void)
{
	fill_up();
	return without_count("cannot allocate") == 0 && access("crashes", F_OK) < 0 ? 0 : 1;
}

static int file_with_holes(void)
{
	struct stat st;

	if (!admits() || stat("crashes", &st) < 0)
		return 1;
	quarantine_leave(false);
	/* The same size, one byte of content: copied by a tool that makes holes. */
	return truncate("crashes", 0) < 0 || truncate("crashes", st.st_size) < 0 ? 1 : 0;
}

static int holes(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(file_with_holes());
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 1;
	fill_up();
	return without_count("cannot allocate");
}

static int full_later(void)
{
	bool good = admits();

	fill_up();
	quarantine_leave(true);
	return good && admits() ? 0 : 1;
}

static int fifo(void)
{
	return mkfifo("crashes", 0600) == 0 ? without_count("does not count") : 1;
}

static int empty_to_look_at(void)
{
	const char *names[4];
	int fd = open("crashes", O_WRONLY | O_CREAT, 0600);

	close(fd);
	quarantine_open(directory, true);
	return quarantine_list(names, 4) == 0 ? 0 : 1;
}

static void in_a_process(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", directory, "tmpfs", 0, "size=64k") < 0 || chdir(directory) < 0)
			_exit(77);
		log_set_sink(take_log);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("cannot mount here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static time_t now = 1000000000;

time_t __wrap_time(time_t *ret_time);

time_t __wrap_time(time_t *ret_time)
{
	return now;
}

static const struct digest content = { { 1 } }, another = { { 2 } };
static const struct descriptor sample = { .name = "sample" };

static int in_child(int (*body)(const void *), const void *data)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_to_crash(const void *data)
{
	enum quarantine_way way = *(const enum quarantine_way *)data;
	struct xslot_diag diag = {};

	quarantine_open(directory, false);
	if (quarantine_admit("sample.so", &content, &sample, &diag) == -EOWNERDEAD)
		return 2;
	if (way != QUARANTINE_CHANGE)
		quarantine_leave(true);
	else
		quarantine_enter(&content, "sample", way), quarantine_exit();
	if (way != QUARANTINE_CHANGE)
		quarantine_enter(&content, "sample", way);
	return quarantine_count(way != QUARANTINE_CHANGE) && !quarantine_count(true) ? 0 : 1;
}

/* A host starts well, and dies in that callback later; in a start or reload, if that is the way. */
static void crash(enum quarantine_way way)
{
	assert_int_equal(in_child(try_to_crash, &way), 0);
}

enum { GOOD, STATUS_SILENCED, WATCH_SILENCED, REFUSED = 4 };

static int look_at_it(const void *data)
{
	const struct digest *of = data;
	struct quarantine_silence silences[4];
	struct xslot_diag diag = {};
	const char *names[4];
	int result = 0;

	log_set_sink(take_log);
	quarantine_open(directory, false);
	if (quarantine_admit("sample.so", of, &sample, &diag) == -EOWNERDEAD)
		result |= REFUSED;
	for (int i = 0; i < 2; i++) {
		if (quarantine_silences(of, QUARANTINE_STATUS))
			result |= STATUS_SILENCED;
		if (quarantine_silences(of, QUARANTINE_WATCH))
			result |= WATCH_SILENCED;
	}
	if (of == &content && quarantine_list(names, 4) != (size_t) !!(result & REFUSED))
		return 8;
	if (of == &content && !(result & REFUSED) &&
		quarantine_list_silences(silences, 4) !=
			(size_t) !!(result & STATUS_SILENCED) + !!(result & WATCH_SILENCED))
		return 16;
	/* Said once for each. */
	if (!!strstr(logged, "in its status, which is not called any more") != !!(result & STATUS_SILENCED))
		return 32;
	quarantine_leave(false);
	return result;
}

static int state_of(const struct digest *of)
{
	return in_child(look_at_it, of);
}

static int start_well(const void *data)
{
	struct xslot_diag diag = {};

	quarantine_open(directory, false);
	if (quarantine_admit("sample.so", &content, &sample, &diag) < 0)
		return 1;
	quarantine_leave(true);
	return 0;
}

static void forget_all(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/crashes", directory);
	unlink(path);
}

/* The starts in between, which are good, do not end these counts; a day does. */
static void test_callbacks_that_crash(void **state)
{
	static const enum quarantine_way ways[] = { QUARANTINE_STATUS, QUARANTINE_WATCH, QUARANTINE_END };
	static const int results[] = { STATUS_SILENCED, WATCH_SILENCED, REFUSED };

	for (size_t i = 0; i < 3; i++) {
		forget_all();
		crash(ways[i]);
		crash(ways[i]);
		now += 25 * 3600;
		crash(ways[i]);
		now += 23 * 3600;
		crash(ways[i]);
		assert_int_equal(state_of(&content), GOOD);
		now -= 3600; /* set back */
		crash(ways[i]);
		assert_int_equal(state_of(&content), results[i]);
		now += 100 * 3600; /* nobody has mended it */
		assert_int_equal(state_of(&content), results[i]);
		assert_int_equal(state_of(&another), GOOD);
	}
	forget_all();
}

static int release(const void *data)
{
	struct xslot_diag diag = {};
	size_t n;

	return quarantine_release(directory, "sample", &n, &diag) == 0 ? (int)n : 100;
}

static int commands_of(const void *data)
{
	const char *names[QUARANTINE_MAX];
	struct quarantine_silence silences[4] = {};

	quarantine_open(directory, true);
	return quarantine_silences(&content, QUARANTINE_COMMAND) +
	       8 * quarantine_silences(&content, QUARANTINE_WATCH) +
	       2 * (quarantine_list_silences(silences, 4) == 1 &&
			   strcmp(silences[0].callback, "command") == 0) +
	       4 * (int)quarantine_list(names, QUARANTINE_MAX);
}

/* Their count is where earlier versions of the ledger had zeros, and they do not touch the others. */
static void test_commands_that_crash(void **state)
{
	forget_all();
	crash(QUARANTINE_COMMAND);
	crash(QUARANTINE_COMMAND);
	now += 25 * 3600;
	crash(QUARANTINE_COMMAND);
	crash(QUARANTINE_COMMAND);
	assert_int_equal(in_child(commands_of, NULL), 0);
	crash(QUARANTINE_COMMAND);
	assert_int_equal(in_child(commands_of, NULL), 1 + 2);
	for (int i = 3; i < 257; i++) /* a byte is full */
		crash(QUARANTINE_COMMAND);
	assert_int_equal(in_child(commands_of, NULL), 1 + 2);
	assert_int_equal(in_child(release, NULL), 1);
	assert_int_equal(in_child(commands_of, NULL), 0);
	forget_all();
}

static void test_kinds_do_not_add_up(void **state)
{
	crash(QUARANTINE_STATUS);
	crash(QUARANTINE_STATUS);
	crash(QUARANTINE_WATCH);
	crash(QUARANTINE_WATCH);
	crash(QUARANTINE_CHANGE);
	assert_int_equal(state_of(&content), GOOD);
	crash(QUARANTINE_WATCH);
	assert_int_equal(state_of(&content), WATCH_SILENCED);
	crash(QUARANTINE_STATUS);
	assert_int_equal(state_of(&content), STATUS_SILENCED | WATCH_SILENCED);
	forget_all();
}

static void test_starts_count_in_a_row(void **state)
{
	crash(QUARANTINE_CHANGE);
	crash(QUARANTINE_CHANGE);
	now += 100 * 3600;
	assert_int_equal(state_of(&content), GOOD);
	assert_int_equal(in_child(start_well, NULL), 0);
	crash(QUARANTINE_CHANGE);
	crash(QUARANTINE_CHANGE);
	assert_int_equal(state_of(&content), GOOD);
	crash(QUARANTINE_CHANGE);
	assert_int_equal(state_of(&content), REFUSED);
	forget_all();
}

static void test_release(void **state)
{
	for (int i = 0; i < 3; i++)
		crash(QUARANTINE_STATUS);
	for (int i = 0; i < 3; i++)
		crash(QUARANTINE_END);
	assert_int_equal(state_of(&content), REFUSED | STATUS_SILENCED);
	assert_int_equal(in_child(release, NULL), 1);
	assert_int_equal(state_of(&content), GOOD);
	assert_int_equal(in_child(release, NULL), 0);
	forget_all();
}

/* Killed from outside: not counted, but told. */
static int enter_and_end(const void *data)
{
	quarantine_open(directory, false);
	quarantine_enter(&content, "sample", QUARANTINE_STATUS);
	return 0;
}

static int is_told(const void *data)
{
	log_set_sink(take_log);
	quarantine_open(directory, false);
	return !!strstr(logged, "was killed, while code of plugin sample ran (status); this does not count");
}

static void test_what_was_killed(void **state)
{
	for (int i = 0; i < QUARANTINE_AFTER; i++) {
		in_child(enter_and_end, NULL);
		assert_int_equal(in_child(is_told, NULL), 1);
		assert_int_equal(in_child(is_told, NULL), 0);
	}
	assert_int_equal(state_of(&content), GOOD);
	crash(QUARANTINE_STATUS);
	assert_int_equal(in_child(is_told, NULL), 0); /* the crash was */
	forget_all();
}

/* As xslot wrote it before callbacks had counts of their own: names of 64 bytes, then the crashes of starts.
 */
static void test_an_older_file(void **state)
{
	char bytes[16 + 64 * 104] = "xslot-crashes 1", path[64];
	uint32_t crashes = QUARANTINE_AFTER;
	int fd;

	bytes[16] = 1; /* content */
	strcpy(bytes + 16 + 32, "sample");
	memcpy(bytes + 16 + 32 + 64, &crashes, sizeof(crashes));
	snprintf(path, sizeof(path), "%s/crashes", directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	assert_int_equal(state_of(&content), REFUSED);
	assert_int_equal(state_of(&another), GOOD);
	forget_all();
}

static void test_first_start_on_a_full_disk(void **state)
{
	in_a_process(first_start);
}

static void test_holes_on_a_full_disk(void **state)
{
	in_a_process(holes);
}

static void test_disk_that_fills_later(void **state)
{
	in_a_process(full_later);
}

static void test_fifo(void **state)
{
	in_a_process(fifo);
}

static void test_empty_file(void **state)
{
	in_a_process(empty_to_look_at);
}

static int make(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int leave(void **state)
{
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_start_on_a_full_disk),
		cmocka_unit_test(test_holes_on_a_full_disk),
		cmocka_unit_test(test_disk_that_fills_later),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_callbacks_that_crash),
		cmocka_unit_test(test_commands_that_crash),
		cmocka_unit_test(test_kinds_do_not_add_up),
		cmocka_unit_test(test_starts_count_in_a_row),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_what_was_killed),
		cmocka_unit_test(test_an_older_file),
	};

	return cmocka_run_group_tests(tests, make, leave);
}
