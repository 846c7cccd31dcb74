/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which folder a plugin is taken from, and whose files are believed. */
#include <errno.h>

#include "module/moddir.h"
#include "sample-file.h"
#include "util/reader.h"

static void test_trust(void **state)
{
	put("good");
	assert_int_equal(chmod(sample, 0664), 0);
	refuses(sample, -EPERM, "writable by its group (mode 0664): chmod go-w");
	assert_int_equal(chmod(sample, 0646), 0);
	refuses(sample, -EPERM, "writable by everybody");
	assert_int_equal(chmod(sample, 0644), 0);
	assert_int_equal(chmod(dir, 01777), 0);
	refuses(sample, -EPERM, "writable by everybody (mode 1777)");
	assert_int_equal(chmod(dir, 0755), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(sample, 12345, 0), 0);
	refuses(sample, -EPERM, "belongs to user 12345");
	assert_int_equal(chown(sample, 0, 0), 0);
	assert_int_equal(chown(dir, 12345, 0), 0);
	refuses(sample, -EPERM, "belongs to user 12345");
	assert_int_equal(chown(dir, 0, 0), 0);
	module_unref(get(sample));
}

/* A link is followed first: what counts is where the file really lies. */
static void test_trust_follows_links(void **state)
{
	char open_dir[PATH_MAX], target[PATH_MAX];
	struct blob *blob = read_variant("good");
	struct xslot_diag diag = {};
	struct module *module;

	snprintf(open_dir, sizeof(open_dir), "%s/open", dir);
	mkdir(open_dir, 0755);
	snprintf(target, sizeof(target), "%s/open/v1", dir);
	write_file(target, blob->data, blob->size);
	unlink(sample);
	assert_int_equal(symlink(target, sample), 0);
	module_unref(get(sample));
	assert_int_equal(chmod(open_dir, 0777), 0);
	assert_int_equal(modules_get(modules, NULL, sample, &module, &diag), -EPERM);
	assert_non_null(strstr(diag.message, open_dir));
	assert_int_equal(chmod(open_dir, 0755), 0);
	unlink(sample);
	blob_free(blob);
}

static void test_find_and_list(void **state)
{
	char path[PATH_MAX], link[PATH_MAX], *found = NULL, **paths = NULL;
	struct xslot_diag diag = {};
	size_t n = 0;

	put("good");
	snprintf(path, sizeof(path), "%s/first", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/first/zebra.so", dir);
	write_file(path, "", 0);
	snprintf(path, sizeof(path), "%s/zebra.so", dir);
	write_file(path, "", 0);
	snprintf(path, sizeof(path), "/nonexistent:%s/first::%s", dir, dir);

	assert_int_equal(moddir_find(NULL, path, "sample", &found, &diag), 0);
	assert_string_equal(found, sample);
	free(found);
	assert_int_equal(moddir_list(path, &paths, &n, &diag), 0);
	assert_int_equal(n, 2);
	assert_string_equal(paths[0], sample);
	assert_non_null(strstr(paths[1], "/first/zebra.so"));
	reader_free_names(paths, n);

	/* The first directory's, though it leads nowhere: the other directory may hold an older build. */
	snprintf(link, sizeof(link), "%s/first/sample.so", dir);
	assert_int_equal(symlink("nowhere", link), 0);
	assert_int_equal(moddir_find(NULL, path, "sample", &found, &diag), 0);
	assert_string_equal(found, link);
	refuses(found, -ENOENT, "No such file");
	free(found);
	unlink(link);

	assert_int_equal(moddir_find(NULL, path, "sampel", &found, &diag), -ENOENT);
	assert_non_null(strstr(diag.message, "no plugin sampel"));
	assert_non_null(strstr(diag.message, path));
	assert_non_null(strstr(diag.message, "sample, zebra"));
	assert_int_equal(moddir_find(NULL, path, "../sample", &found, &diag), -EINVAL);
	assert_int_equal(moddir_find(NULL, "", "sample", &found, &diag), -ENOENT);
	assert_int_equal(moddir_list(sample, &paths, &n, &diag), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_trust_follows_links),
		cmocka_unit_test(test_find_and_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
