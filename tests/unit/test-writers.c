/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a reader returns, while other processes write. Each writer writes lines that all have its round's
 * number, the last one a mark: what was read is whole when it has all of them, of one round.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "util/files.h"
#include "util/lease.h"
#include "util/stamp.h"

#define LINES 2000
#define TEXT_MAX (LINES * 16)

static char directory[] = "/tmp/xslot-test-XXXXXX";

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Another process: run `body` until it is told to end. */
static pid_t begin_writer(void (*body)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not end it */
		body();
		_exit(0);
	}
	return pid;
}

static void end_writer(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void fill(char text[static TEXT_MAX], unsigned round)
{
	size_t used = 0;

	for (unsigned i = 0; i < LINES; i++)
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "%05u %s\n", round % 100000,
			i + 1 < LINES ? "line" : "last");
}

/* As editors do: one file, cut and written anew, in pieces. */
static void rewrite_in_place(void)
{
	char text[TEXT_MAX];

	for (unsigned round = 0;; round++) {
		int fd = open("f", O_WRONLY | O_TRUNC);
		size_t length;

		fill(text, round);
		length = strlen(text);
		for (size_t at = 0; at < length; at += 500) {
			if (write(fd, text + at, length - at < 500 ? length - at : 500) < 0)
				_exit(1);
			if (at % 5000 == 0)
				usleep(200);
		}
		close(fd);
		usleep(2000);
	}
}

/* As rsync --inplace: over what is there, never shorter. */
static void overwrite(void)
{
	char text[TEXT_MAX];

	for (unsigned round = 0;; round++) {
		int fd = open("f", O_WRONLY);
		size_t length;

		fill(text, round);
		length = strlen(text);
		for (size_t at = 0; at < length; at += 1000) {
			if (pwrite(fd, text + at, length - at < 1000 ? length - at : 1000, (off_t)at) < 0)
				_exit(1);
			if (at % 10000 == 0)
				usleep(200);
		}
		close(fd);
		usleep(2000);
	}
}

/* Through a mapping whose descriptor is closed. */
static void overwrite_mapping(void)
{
	char text[TEXT_MAX];

	for (unsigned round = 0;; round++) {
		int fd = open("f", O_RDWR);
		size_t length;
		char *map;

		fill(text, round);
		length = strlen(text);
		map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		for (size_t at = 0; at < length; at += 1000) {
			memcpy(map + at, text + at, length - at < 1000 ? length - at : 1000);
			if (at % 10000 == 0)
				usleep(200);
		}
		munmap(map, length);
		usleep(2000);
	}
}

/* As those that write another file and rename it: whole at each moment. */
static void replace(void)
{
	char text[TEXT_MAX];

	for (unsigned round = 0;; round++) {
		fill(text, round);
		write_text("new", text);
		if (rename("new", "f") < 0)
			_exit(1);
	}
}

/* A link that is turned from one to the other. */
static void turn(void)
{
	char text[TEXT_MAX];

	for (unsigned round = 0;; round++) {
		char name[16];

		fill(text, round);
		snprintf(name, sizeof(name), "turn-%u", round % 2);
		unlink(name);
		write_text(name, text);
		unlink("new");
		if (symlink(name, "new") < 0 || rename("new", "f") < 0)
			_exit(1);
		usleep(500);
	}
}

static void assert_whole(const struct blob *blob)
{
	const char *text = (const char *)blob->data;

	assert_true(blob->size > 6);
	for (size_t at = 0, i = 0; i < LINES; i++, at += 11) {
		if (at + 11 > blob->size || memcmp(text + at, text, 6) != 0 ||
			memcmp(text + at + 6, i + 1 < LINES ? "line\n" : "last\n", 5) != 0)
			fail_msg("torn at line %zu of a file of %zu bytes", i + 1, blob->size);
	}
	assert_int_equal(blob->size, LINES * 11);
}

/* Whole or refused, never torn; and not always refused. */
static void read_beside(void (*writer)(void))
{
	char text[TEXT_MAX];
	unsigned n_read = 0;
	pid_t pid;

	fill(text, 0);
	unlink("f");
	write_text("f", text);
	pid = begin_writer(writer);
	for (int i = 0; i < 60; i++) {
		struct xslot_diag diag = {};
		struct blob *blob;
		int r = blob_read("f", 1 << 20, &blob, &diag);

		if (r == 0) {
			assert_whole(blob);
			blob_free(blob);
			n_read++;
		} else if (r != -EBUSY && r != -ENOENT) {
			fail_msg("%s", diag.message);
		}
		usleep(500);
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end_writer(pid);
	assert_true(n_read > 0);
}

static void test_beside_a_writer_in_place(void **state)
{
	read_beside(rewrite_in_place);
}

static void test_beside_a_writer_over(void **state)
{
	read_beside(overwrite);
}

static void test_beside_a_mapping(void **state)
{
	read_beside(overwrite_mapping);
}

static void test_beside_renames(void **state)
{
	read_beside(replace);
}

static void test_beside_a_link_that_turns(void **state)
{
	read_beside(turn);
}

static void hold_open(void)
{
	int fd = open("held", O_WRONLY | O_APPEND);

	if (write(fd, "x", 1) < 0)
		_exit(1);
	pause();
}

/* The patience is one for all files, and the sentence names the one that is in the way. */
static void test_held_file_is_refused(void **state)
{
	struct files *files = files_new(NULL);
	struct xslot_diag diag = {};
	struct blob *blob = NULL;
	uint64_t begin;
	pid_t pid;

	write_text("held", "");
	write_text("free", "x");
	pid = begin_writer(hold_open);
	while (access("held", F_OK) == 0) {
		struct stat st;

		assert_int_equal(stat("held", &st), 0);
		if (st.st_size)
			break;
		usleep(1000);
	}
	begin = stamp_now();
	assert_int_equal(files_read(files, "held", 100, &blob, &diag), -EBUSY);
	assert_non_null(strstr(diag.message, "held is open for writing in another process"));
	assert_true(stamp_now() - begin >= READER_PATIENCE * 9 / 10);
	assert_int_equal(files_read(files, "held", 100, &blob, &diag), -EBUSY);
	assert_int_equal(files_read(files, "./held", 100, &blob, &diag), -EBUSY);
	assert_int_equal(files_read(files, "free", 100, &blob, &diag), 0);
	blob_free(blob);
	end_writer(pid);
	assert_int_equal(files_read(files, "held", 100, &blob, &diag), 0);
	blob_free(blob);
	files_free(files);
}

static int all_ini(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static size_t list(struct reader *reader)
{
	struct xslot_diag diag = {};
	char **names;
	size_t n;

	if (reader_list(reader, "conf.d", all_ini, &names, &n, &diag) < 0)
		fail_msg("%s", diag.message);
	reader_free_names(names, n);
	return n;
}

static void come_and_go(void)
{
	for (;;) {
		if (rename("conf.d", "conf.away") < 0 || usleep(20000) < 0 ||
			rename("conf.away", "conf.d") < 0)
			_exit(1);
		usleep(100000);
	}
}

/* A folder that is away for a moment does not count as one that is not there. */
static void test_folder_that_comes_and_goes(void **state)
{
	pid_t pid;

	assert_int_equal(system("rm -rf conf.d conf.away; mkdir conf.d; touch conf.d/a.ini"), 0);
	pid = begin_writer(come_and_go);
	for (int i = 0; i < 8; i++) {
		struct reader reader = {};
		size_t n;
		int r;

		do {
			reader_deinit(&reader);
			n = list(&reader);
			r = reader_settle(&reader, NULL);
		} while (r == -EAGAIN);
		reader_deinit(&reader);
		assert_true(r == -EBUSY || n == 1);
		usleep(7000);
	}
	end_writer(pid);
	assert_int_equal(system("rm -rf conf.d conf.away"), 0);
}

static void *idle(void *arg)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	pause();
	return NULL;
}

/* SIGIO kills: not the thread that holds the lease, nor one that does not block it. */
static void test_lease_that_is_broken(void **state)
{
	struct lease lease;
	pthread_t thread;
	sigset_t pending, mask;
	int fd, writer;

	assert_int_equal(pthread_create(&thread, NULL, idle, NULL), 0);
	usleep(10000);
	write_text("f", "x");
	fd = open("f", O_RDONLY);
	writer = open("f", O_WRONLY);
	assert_int_equal(lease_take(&lease, fd), -EAGAIN);
	close(writer);
	assert_int_equal(lease_take(&lease, fd), 0);
	assert_true(lease_intact(&lease));
	assert_int_equal(open("f", O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_false(lease_intact(&lease));
	lease_drop(&lease);
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGIO), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGIO), 0);
	writer = open("f", O_WRONLY | O_NONBLOCK); /* it is not held any more */
	assert_true(writer >= 0);
	close(writer);
	close(fd);
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static int enter(void **state)
{
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_a_writer_in_place),
		cmocka_unit_test(test_beside_a_writer_over),
		cmocka_unit_test(test_beside_a_mapping),
		cmocka_unit_test(test_beside_renames),
		cmocka_unit_test(test_beside_a_link_that_turns),
		cmocka_unit_test(test_held_file_is_refused),
		cmocka_unit_test(test_folder_that_comes_and_goes),
		cmocka_unit_test(test_lease_that_is_broken),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
