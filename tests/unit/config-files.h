/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Configuration files of a test, in a directory of their own, and the report as text. */
#ifndef TESTS_UNIT_CONFIG_FILES_H
#define TESTS_UNIT_CONFIG_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "util/diag.h"

/* The process works in a fresh directory with a conf.d, so that files have short names. */
static inline int files_setup(void **state)
{
	static char directory[] = "/tmp/xslot-test-XXXXXX";

	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("conf.d", 0755) < 0)
		return -1;
	*state = directory;
	return 0;
}

static inline int files_teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static inline void file_write_bytes(const char *name, const void *data, size_t size)
{
	FILE *file;

	unlink(name); /* a file truncated and written again is flushed to disk by ext4 when closed: 3 ms each
		       */
	file = fopen(name, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void file_write(const char *name, const char *text)
{
	file_write_bytes(name, text, strlen(text));
}

/* All errors, one a line, as the operator sees them; the caller frees. Clears the report. */
static inline char *report_text(struct report *report)
{
	char *text = NULL, *line;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (size_t i = 0; i < report->n_kept; i++) {
		line = report_format(&report->errors[i]);
		fprintf(stream, "%s%s", i ? "\n" : "", line);
		free(line);
	}
	fclose(stream);
	report_clear(report);
	return text;
}

#endif
