/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/file.h"

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

static void test_blob_is_a_private_copy(void **state)
{
	char path[] = "/tmp/xslot-test-XXXXXX";
	struct blob *one = NULL, *two = NULL;
	struct xslot_diag diag = {};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(blob_read(path, 100, &one, &diag), 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_memory_equal(one->data, "abc", 3);
	assert_int_equal(blob_read(path, 100, &two, &diag), 0);
	assert_false(blob_equal(one, two));
	blob_free(two);
	assert_int_equal(blob_copy("copy", "abc", 3, &two, &diag), 0);
	assert_true(blob_equal(one, two));
	blob_free(one);
	blob_free(two);
	close(fd);
	unlink(path);
}

static void test_blob_refuses_what_is_no_file(void **state)
{
	struct xslot_diag diag = {};
	struct blob *blob = NULL;

	assert_int_equal(blob_read("/nonexistent", 10, &blob, &diag), -ENOENT);
	assert_string_equal(diag.message, "cannot open /nonexistent: No such file or directory");
	assert_int_equal(blob_read("/tmp", 10, &blob, &diag), -EINVAL);
	assert_string_equal(diag.message, "/tmp is not a regular file");
	assert_int_equal(blob_read("/proc/self/exe", 10, &blob, &diag), -EFBIG);
	assert_null(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence_and_context),
		cmocka_unit_test(test_report_keeps_all_in_order),
		cmocka_unit_test(test_blob_is_a_private_copy),
		cmocka_unit_test(test_blob_refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
