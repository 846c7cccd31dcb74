/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/diag.h"
#include "util/file.h"
#include "util/files.h"
#include "util/log.h"
#include "util/text.h"
#include "util/wake.h"

static void test_sentence_and_context(void **state)
{
	struct xslot_diag diag = {};

	assert_int_equal(fail(&diag, -ENOENT, "no %s", "luck"), -ENOENT);
	assert_string_equal(diag.message, "no luck");
	assert_int_equal(fail_within(&diag, -EIO, "slot %d", 3), -EIO);
	assert_string_equal(diag.message, "slot 3: no luck");
	assert_int_equal(fail(NULL, -EPERM, "nobody listens"), -EPERM);
}

static void test_report_keeps_all_in_order(void **state)
{
	struct report report = {};
	struct xslot_diag diag = {};
	char *text;

	assert_int_equal(report_add(&report, "a.ini", 3, "first"), -EINVAL);
	fail(&diag, -EINVAL, "second");
	diag.log = strdup("log");
	report_take(&report, NULL, 0, &diag);
	assert_null(diag.log);
	assert_int_equal(report.n_errors, 2);
	text = report_format(&report.errors[0]);
	assert_string_equal(text, "a.ini:3: first");
	free(text);
	text = report_format(&report.errors[1]);
	assert_string_equal(text, "second");
	free(text);
	assert_string_equal(report.errors[1].log, "log");
	report_clear(&report);
	assert_int_equal(report.n_errors, 0);
}

/* What is not kept is an error all the same: a checker that compares counts must not take it for none. */
static void test_report_counts_what_it_does_not_keep(void **state)
{
	struct report report = {};
	struct xslot_diag diag = {};

	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(report_more(&report), 0);
		report_add(&report, "a.ini", i, "error %u", i);
	}
	assert_int_equal(report.n_kept, 100);
	assert_int_equal(report_add(&report, "a.ini", 0, "one more"), -EINVAL);
	fail(&diag, -EINVAL, "and one with a log");
	diag.log = strdup("log");
	assert_int_equal(report_take(&report, "a.ini", 0, &diag), -EINVAL);
	assert_null(diag.log);
	assert_int_equal(report.n_errors, 102);
	assert_int_equal(report.n_kept, 100);
	assert_int_equal(report_more(&report), 2);
	assert_string_equal(report.errors[99].message, "error 99");
	report_clear(&report);
	assert_int_equal(report_more(&report), 0);
}

static void expect_clean(const char *from, const char *to)
{
	char *text = text_clean(from);

	assert_string_equal(text, to);
	free(text);
	text = text_clean(to); /* twice does no more */
	assert_string_equal(text, to);
	free(text);
}

static void test_control_characters_are_escaped(void **state)
{
	char one[2] = {}, small[8];
	char *text;

	expect_clean("", "");
	expect_clean("/etc/xslot \\ %n ~", "/etc/xslot \\ %n ~");
	expect_clean("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9d", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9d");
	expect_clean("a\033[2J\nb\r\t\x7f", "a\\x1b[2J\\x0ab\\x0d\\x09\\x7f");
	expect_clean("\xc2\x9b"
		     "2J",
		"\\x9b"
		"2J"); /* a terminal takes U+009B for ESC [ */
	expect_clean("\x9b\xff\xc3", "\\x9b\\xff\\xc3");
	expect_clean("\xe2\x80\xae"
		     "fdp.exe",
		"\\u202e"
		"fdp.exe");
	expect_clean("\xed\xa0\x80\xc0\x80", "\\xed\\xa0\\x80\\xc0\\x80");
	for (int c = 1; c < 256; c++) {
		one[0] = (char)c;
		text = text_clean(one);
		assert_int_equal(strlen(text), c >= 0x20 && c < 0x7f ? 1 : 4);
		free(text);
	}
	text_clean_into(small, sizeof(small), "ab\033\033");
	assert_string_equal(small, "ab\\x1b");
}

static void test_sentences_hold_no_control_character(void **state)
{
	struct report report = {};
	struct xslot_diag diag = {};
	char *text;

	fail(&diag, -EINVAL, "no file %s", "\033[2J\n");
	assert_string_equal(diag.message, "no file \\x1b[2J\\x0a");
	fail_within(&diag, -EINVAL, "slot %s", "\r");
	assert_string_equal(diag.message, "slot \\x0d: no file \\x1b[2J\\x0a");
	report_add(&report, "conf.d/\n.ini", 3, "%s", "\a");
	assert_string_equal(report.errors[0].message, "\\x07");
	text = report_format(&report.errors[0]);
	assert_string_equal(text, "conf.d/\\x0a.ini:3: \\x07");
	free(text);
	report_clear(&report);
}

static char logged[3][64];
static unsigned n_logged;

static void keep_line(enum log_level level, const char *text)
{
	snprintf(logged[n_logged++], sizeof(logged[0]), "%s", text);
}

static void test_log_lines_are_lines(void **state)
{
	log_set_sink(keep_line);
	log_error("interface %s", "eth0\nerror: forged\033[A");
	log_lines(LOG_LEVEL_ERROR, "0: r0 = 0\n1: \033 exit\n");
	log_set_sink(NULL);
	assert_int_equal(n_logged, 3);
	assert_string_equal(logged[0], "interface eth0\\x0aerror: forged\\x1b[A");
	assert_string_equal(logged[1], "  0: r0 = 0");
	assert_string_equal(logged[2], "  1: \\x1b exit");
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_blob_is_a_private_copy(void **state)
{
	char path[] = "/tmp/xslot-test-XXXXXX";
	struct blob *one = NULL, *two = NULL;
	struct xslot_diag diag = {};

	close(mkstemp(path));
	write_text(path, "abc");
	assert_int_equal(blob_read(path, 100, &one, &diag), 0);
	write_text(path, "xbc");
	assert_memory_equal(one->data, "abc", 3);
	assert_int_equal(blob_read(path, 100, &two, &diag), 0);
	assert_false(blob_equal(one, two));
	blob_free(two);
	assert_int_equal(blob_copy("copy", "abc", 3, &two, &diag), 0);
	assert_true(blob_equal(one, two));
	blob_free(one);
	blob_free(two);
	unlink(path);
}

static void test_files_are_read_once(void **state)
{
	struct files *files = files_new(NULL);
	struct blob *one = NULL, *two = NULL, *other = NULL;
	char path[] = "/tmp/xslot-test-XXXXXX";
	struct xslot_diag diag = {};

	close(mkstemp(path));
	write_text(path, "first");
	assert_int_equal(files_read(files, path, 100, &one, &diag), 0);
	write_text(path, "second");
	assert_int_equal(files_read(files, path, 100, &two, &diag), 0);
	assert_ptr_equal(one, two);
	assert_int_equal(files_read(files, path, 3, &other, &diag), -EFBIG);
	assert_null(other);
	assert_int_equal(blob_read(path, 100, &other, &diag), 0);
	assert_int_equal(files_put(files, path, other, &diag), -ESTALE);
	assert_non_null(strstr(diag.message, "was written while it was read"));
	blob_free(other);
	assert_int_equal(files_read(NULL, path, 100, &other, &diag), 0);
	assert_memory_equal(other->data, "second", 6);
	blob_free(other);
	assert_int_equal(files->n_entries, 1);
	files_free(files);
	assert_memory_equal(one->data, "first", 5);
	blob_free(one);
	blob_free(two);
	unlink(path);
	xslot_diag_clear(&diag);
}

static void assert_mirror(const char *path, const char *expected)
{
	char *mirror = files_mirror(path);

	assert_string_equal(mirror, expected);
	free(mirror);
}

static void test_files_below_a_root(void **state)
{
	char root[] = "/tmp/xslot-test-XXXXXX", path[64];
	struct xslot_diag diag = {};
	struct blob *blob = NULL;
	struct files *files;

	assert_mirror("/etc//xslot/./x.ini", "/etc/xslot/./x.ini");
	assert_mirror("/../../etc", "/.../.../etc");
	assert_non_null(mkdtemp(root));
	assert_int_equal(chdir(root), 0);
	snprintf(path, sizeof(path), "%s/x.ini", root);
	assert_mirror("x.ini", path);
	write_text("x.ini", "below");
	files = files_new(root);
	assert_int_equal(files_read(files, "/x.ini", 100, &blob, &diag), 0);
	assert_memory_equal(blob->data, "below", 5);
	assert_string_equal(files->entries[0].path, "/x.ini");
	blob_free(blob);
	assert_int_equal(files_read(files, "/../x.ini", 100, &blob, &diag), -ENOENT);
	snprintf(path, sizeof(path), "%s/.../x.ini", root);
	assert_non_null(strstr(diag.message, path));
	files_free(files);
	unlink("x.ini");
	assert_int_equal(chdir("/"), 0);
	rmdir(root);
	xslot_diag_clear(&diag);
}

/* Whatever fails for it, one sentence says which limit was met and what raises it, and one is enough. */
static void test_descriptors_run_out(void **state)
{
	struct xslot_diag diag = {}, within = {};
	struct report report = {};
	struct blob *blob = NULL;
	struct rlimit before, low;
	char limits[64];
	int next = dup(0);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){ (rlim_t)next, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(blob_read("/etc/passwd", 1 << 20, &blob, &diag), -EMFILE);
		if (i == 0) {
			fail(&within, -EMFILE, "cannot start: %s", diag.message);
			assert_null(strstr(strstr(within.message, "RLIMIT_NOFILE") + 1, "RLIMIT_NOFILE"));
		}
		assert_int_equal(report_take(&report, "f.ini", 7, &diag), -EINVAL);
	}
	assert_int_equal(report_add(&report, "f.ini", 8, "and so on"), -EINVAL);
	assert_true(report.no_descriptors);
	assert_int_equal(report.n_errors, 1);
	snprintf(limits, sizeof(limits), "may have %d file descriptors", next);
	assert_non_null(strstr(report.errors[0].message, "cannot open /etc/passwd: Too many open files"));
	assert_non_null(strstr(report.errors[0].message, limits));
	assert_non_null(strstr(report.errors[0].message, "LimitNOFILE="));
	assert_int_equal(descriptors_raise(), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
	assert_true(low.rlim_cur == before.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	report_clear(&report);
	xslot_diag_clear(&within);
}

static int refusals; /* so many writes to an eventfd are refused */

int __real_eventfd_write(int fd, eventfd_t value);
int __wrap_eventfd_write(int fd, eventfd_t value);

int __wrap_eventfd_write(int fd, eventfd_t value)
{
	if (refusals == 0)
		return __real_eventfd_write(fd, value);
	refusals--;
	errno = EPERM;
	return -1;
}

static void test_wake_up_is_never_lost(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	eventfd_t value;

	refusals = 3;
	wake(fd);
	assert_int_equal(refusals, 0);
	assert_int_equal(eventfd_read(fd, &value), 0);
	assert_int_equal(value, 1);
	/* Full: whoever waits is awake. */
	assert_int_equal(eventfd_write(fd, UINT64_MAX - 1), 0);
	wake(fd);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence_and_context),
		cmocka_unit_test(test_report_keeps_all_in_order),
		cmocka_unit_test(test_report_counts_what_it_does_not_keep),
		cmocka_unit_test(test_control_characters_are_escaped),
		cmocka_unit_test(test_sentences_hold_no_control_character),
		cmocka_unit_test(test_log_lines_are_lines),
		cmocka_unit_test(test_blob_is_a_private_copy),
		cmocka_unit_test(test_files_are_read_once),
		cmocka_unit_test(test_files_below_a_root),
		cmocka_unit_test(test_descriptors_run_out),
		cmocka_unit_test(test_wake_up_is_never_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
