/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The file that counts crashes, on a file system that is full. Each case in a process of its own, where it
 * may crash. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	const struct xslot_plugin plugin = { .name = "sample" };
	const struct digest content = { { 1 } };
	struct xslot_diag diag = {};

	quarantine_open(directory, false);
	return quarantine_admit("sample.so", &content, &plugin, &diag) == 0;
}

/* Plugins run, and the log tells that nothing counts. */
static int without_count(const char *why)
{
	return admits() && strstr(logged, why) && strstr(logged, "no plugin is quarantined") ? 0 : 1;
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
	};

	return cmocka_run_group_tests(tests, make, leave);
}
