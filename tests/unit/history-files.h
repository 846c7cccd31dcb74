/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A host's history of configurations, of an INI file and maybe rules, in a folder of the test's own. */
#ifndef HISTORY_FILES_H
#define HISTORY_FILES_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "config-files.h"
#include "host/kept/history.h"
#include "host/kept/session.h"

static char *here, *state_path;

static inline int setup(void **state)
{
	if (files_setup(state) < 0)
		return -1;
	here = getcwd(NULL, 0);
	return asprintf(&state_path, "%s/var/state", here) < 0 ? -1 : 0;
}

static inline int teardown(void **state)
{
	free(here);
	free(state_path);
	return files_teardown(state);
}

static inline int empty(void **state)
{
	return system("rm -rf var xslot.ini rules") == 0 ? 0 : -1;
}

/* A configuration of one INI file, and of the file "rules" when given. */
static inline void configure(const char *ini, const char *rules)
{
	char text[512];

	snprintf(text, sizeof(text), "[host]\nstate = %s\n; %s\n", state_path, ini);
	file_write("xslot.ini", text);
	if (rules)
		file_write("rules", rules);
}

static inline struct files *read_files(const char *root, bool rules)
{
	struct files *files = files_new(root);
	char path[256];
	struct blob *blob;

	snprintf(path, sizeof(path), "%s/xslot.ini", here);
	assert_int_equal(files_read(files, root ? path : "xslot.ini", 1000, &blob, NULL), 0);
	blob_free(blob);
	snprintf(path, sizeof(path), "%s/rules", here);
	if (rules) {
		assert_int_equal(files_read(files, path, 1000, &blob, NULL), 0);
		blob_free(blob);
	}
	return files;
}

static inline void start(struct history *history)
{
	struct xslot_diag diag = {};

	*history = (struct history){};
	assert_int_equal(history_open(history, "xslot.ini", &diag), 0);
	assert_non_null(history->dir);
}

/* A transaction that goes well; `ret_said`: the comment in the configuration that it read. */
static inline int transact_or(
	struct history *history, enum history_wish wish, bool unchanged, bool confirm, char *ret_said)
{
	struct files *files = NULL;
	struct xslot_diag diag = {};
	char *file = NULL;
	struct blob *blob;
	int r;

	*ret_said = 0;
	r = history_choose(
		history, &(struct history_ask){ wish, confirm }, "xslot.ini", &files, &file, &diag);
	if (r < 0) {
		history_undo(history);
		xslot_diag_clear(&diag);
		return r;
	}
	assert_int_equal(files_read(files, file, 1000, &blob, NULL), 0);
	sscanf(strstr((char *)blob->data, "\n; "), "\n; %15s", ret_said);
	blob_free(blob);
	r = history_keep(history, &(struct history_ask){ wish, confirm }, files, file, unchanged, &diag);
	if (history->behind) {
		assert_int_equal(r, 0);
		assert_memory_equal(statedir_record(history->dir), &history->before, sizeof(history->before));
		r = history_keep(
			history, &(struct history_ask){ wish, confirm }, files, file, unchanged, &diag);
	}
	assert_false(history->behind);
	if (r == 0)
		history_done(history);
	else
		history_undo(history);
	free(file);
	files_free(files);
	xslot_diag_clear(&diag);
	return r;
}

static inline void transact(struct history *history, enum history_wish wish, const char *expected)
{
	char said[16];

	assert_int_equal(transact_or(history, wish, false, false, said), 0);
	assert_string_equal(said, expected);
}

/* A host's first start, or one after the files were edited while none ran. */
static inline void begin(struct history *history, const char *content)
{
	configure(content, NULL);
	start(history);
	transact(history, HISTORY_START, content);
}

static inline void reload(struct history *history, const char *ini)
{
	configure(ini, NULL);
	transact(history, HISTORY_FILES, ini);
}

static inline void assert_record(const struct history *history, unsigned current, unsigned previous,
	enum statedir_hold hold, bool trial)
{
	const struct statedir_record *record = statedir_record(history->dir);

	assert_int_equal(record->current.number, current);
	assert_int_equal(record->previous.number, previous);
	assert_int_equal(record->hold, hold);
	assert_int_equal(record->trial, trial);
}

#endif
