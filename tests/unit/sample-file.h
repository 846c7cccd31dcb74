/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One plugin file in a folder of its own, which each test writes anew: a variant of tests/plugin/modules. */
#ifndef TESTS_UNIT_SAMPLE_FILE_H
#define TESTS_UNIT_SAMPLE_FILE_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "module/module.h"
#include "util/diag.h"

static char dir[] = "/tmp/xslot-module-XXXXXX";
static char sample[64]; /* DIR/sample.so, which each test writes anew */
static struct modules *modules;

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static struct blob *read_variant(const char *variant)
{
	struct xslot_diag diag = {};
	struct blob *blob = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.so", MODULES_DIR, variant);
	if (blob_read(path, 64 << 20, &blob, &diag) < 0)
		fail_msg("%s", diag.message);
	return blob;
}

static void put(const char *variant)
{
	struct blob *blob = read_variant(variant);

	write_file(sample, blob->data, blob->size);
	blob_free(blob);
}

static struct module *get(const char *path)
{
	struct xslot_diag diag = {};
	struct module *module = NULL;

	if (modules_get(modules, NULL, path, &module, &diag) < 0)
		fail_msg("%s", diag.message);
	return module;
}

/* The refusal's sentence has `words` in it and names the file (not its memfd), and nothing is left. */
static void refuses(const char *path, int error, const char *words)
{
	struct xslot_diag diag = {};
	struct module *module = NULL;

	assert_int_equal(modules_get(modules, NULL, path, &module, &diag), error);
	assert_null(module);
	if (!strstr(diag.message, words) || !strstr(diag.message, path) || strstr(diag.message, "/proc/"))
		fail_msg("\"%s\" does not say \"%s\" of %s", diag.message, words, path);
}

static int setup(void **state)
{
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return -1;
	snprintf(sample, sizeof(sample), "%s/sample.so", dir);
	return modules_new(&modules);
}

static int teardown(void **state)
{
	char command[128];

	modules_free(modules);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

#endif
