/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a start goes on with after a crash, after a reload that was cut off, and when it is held. */
#include "history-files.h"

/* A host that is killed: what it holds is let go of, and the mark of a clean stop is not there. */
static void die(struct history *history)
{
	bool marked = history->marked;

	history_close(history);
	if (marked)
		assert_int_equal(rename("var/state/stopped", "var/state/running"), 0);
}

/* Read, and with `met` about to be met by packets, when the host dies. */
static void ask_and_die(struct history *history, const char *content, bool bare, bool met)
{
	struct files *files;
	char *file;

	configure(content, NULL);
	assert_int_equal(history_choose(history, &(struct history_ask){ HISTORY_FILES, false }, "xslot.ini",
				 &files, &file, NULL),
		0);
	files_free(files);
	files = read_files(NULL, false);
	history_read(history, files, file, bare);
	if (met) {
		assert_int_equal(history_keep(history, &(struct history_ask){ HISTORY_FILES, false }, files,
					 file, false, NULL),
			0);
		assert_true(history->behind);
	}
	files_free(files);
	free(file);
	die(history);
}

static void assert_reason(const struct history *history, const char *path, const char *what)
{
	char sentence[512];

	snprintf(sentence, sizeof(sentence), "%s/%s %s", here, path, what);
	assert_int_equal(history->n_reasons, 1);
	assert_string_equal(history->reasons[0], sentence);
}

/* Edits that nobody reloaded are nothing after a crash, and everything after a clean stop. */
static void test_edited_and_crashed(void **state)
{
	struct history history;

	begin(&history, "a");
	configure("b", NULL);
	die(&history);
	for (int i = 0; i < 2; i++) {
		start(&history);
		transact(&history, HISTORY_START, "a");
		assert_record(&history, 1, 0, HOLD_CRASH, false);
		assert_reason(&history, "xslot.ini", "differs from what was loaded");
		if (i == 0)
			die(&history);
	}
	/* Asked for at last. */
	transact(&history, HISTORY_FILES, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	/* Nothing was edited: nothing is held. */
	die(&history);
	start(&history);
	transact(&history, HISTORY_START, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	/* A clean stop. */
	history_close(&history);
	begin(&history, "c");
	assert_record(&history, 3, 2, HOLD_NONE, false);
	history_close(&history);
}

static void test_what_differs(void **state)
{
	static const struct {
		const char *command, *path, *what;
	} cases[] = {
		{ "rm rules", "rules", "is gone" },
		{ "touch conf.d/a.ini", "conf.d/a.ini", "is new" },
		{ "echo more >>rules", "rules", "differs from what was loaded" },
		{ "rm rules; mkdir rules", "rules", "is not a regular file" },
		{ "rm rules; mkfifo rules", "rules", "is not a regular file" },
		{ "echo >>xslot.ini", "xslot.ini", "differs from what was loaded" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct statedir_record record = {};
		struct history history = {};
		struct files *files;
		char *file;

		assert_int_equal(system("rm -rf var xslot.ini rules conf.d"), 0);
		configure("a", "the rules");
		files = read_files(NULL, true);
		start(&history);
		assert_int_equal(statedir_save(history.dir, files, "xslot.ini", &record.current, NULL), 0);
		assert_int_equal(statedir_set(history.dir, &record, NULL), 0);
		files_free(files);
		history_close(&history);
		file_write("var/state/running", "");
		assert_int_equal(system("mkdir conf.d; touch conf.d/.a.ini conf.d/a.ini.old"), 0);
		assert_int_equal(system(cases[i].command), 0);
		start(&history);
		assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_START, false },
					 "xslot.ini", &files, &file, NULL),
			0);
		assert_non_null(files->root);
		assert_reason(&history, cases[i].path, cases[i].what);
		files_free(files);
		free(file);
		history_close(&history);
	}
	assert_int_equal(system("rm -rf conf.d rules"), 0);
}

static void test_many_differences(void **state)
{
	struct history history;
	char last[512];

	begin(&history, "a");
	die(&history);
	assert_int_equal(system("mkdir conf.d; cd conf.d; touch $(seq -f %g.ini 1000)"), 0);
	start(&history);
	transact(&history, HISTORY_START, "a");
	assert_int_equal(history.n_reasons, REPORT_KEPT_MAX + 1);
	snprintf(last, sizeof(last), "%s", history.reasons[REPORT_KEPT_MAX]);
	assert_string_equal(last, "and 900 more files");
	history_close(&history);
	assert_int_equal(system("rm -rf conf.d"), 0);
}

static void test_cut_off_reload(void **state)
{
	struct history history;

	begin(&history, "a");
	ask_and_die(&history, "b", true, true);
	start(&history);
	transact(&history, HISTORY_START, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	assert_int_equal(access("var/state/requested", F_OK), -1);
	/* With one more edit it is not what was asked for. */
	ask_and_die(&history, "c", false, true);
	configure("d", NULL);
	start(&history);
	transact(&history, HISTORY_START, "b");
	assert_record(&history, 2, 1, HOLD_CRASH, false);
	/* The start that finishes it is cut off, too. */
	transact(&history, HISTORY_FILES, "d");
	ask_and_die(&history, "e", true, true);
	for (int i = 0; i < 2; i++) {
		struct files *files;
		char *file;

		start(&history);
		assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_START, false },
					 "xslot.ini", &files, &file, NULL),
			0);
		assert_null(files->root);
		assert_true(history.requested && history.requested_bare);
		if (i == 1)
			history_undo(&history); /* refused */
		files_free(files);
		free(file);
		history_close(&history);
	}
	start(&history);
	transact(&history, HISTORY_START, "e");
	/* No packet has met it: it is undone. */
	ask_and_die(&history, "f", true, false);
	start(&history);
	transact(&history, HISTORY_START, "e");
	assert_int_equal(statedir_record(history.dir)->hold, HOLD_CRASH);
	history_close(&history);
}

/* A record of a request that is not whole, or says more than there is, is none. */
static void test_requests_that_are_damaged(void **state)
{
	static const char *const texts[] = { "", "xslot-request 1\n", "xslot-request 1\nallow-bare yes\n",
		"xslot-request 2\nallow-bare yes\nend\n", "xslot-request 1\nallow-bare yes\nunknown\nend\n",
		"xslot-request 1\nallow-bare yes\n/etc\nend\n",
		"xslot-request 1\nallow-bare yes\n1 2 3 4 /etc\nend\n",
		"xslot-request 1\nallow-bare yes\nabsent /etc\nend\n",
		"xslot-request 1\nallow-bare yes\nend\nend\n", "xslot-request 1\nallow-bare yes\nend" };
	bool bare;

	assert_int_equal(system("mkdir -p var/state"), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		file_write("var/state/requested", texts[i]);
		assert_false(session_is_requested("var/state", &bare));
	}
	file_write("var/state/requested", "xslot-request 1\nallow-bare yes\nabsent /nowhere\nend\n");
	assert_true(session_is_requested("var/state", &bare));
	assert_true(bare);
}

static void test_held_by_a_start(void **state)
{
	struct history history;
	struct config *config;

	begin(&history, "a");
	assert_int_equal(history_hold(&history, HOLD_BARE), 0);
	configure("b", NULL);
	transact(&history, HISTORY_START, "a");
	assert_record(&history, 1, 0, HOLD_BARE, false);
	config = history_kept(&history);
	assert_non_null(config);
	config_free(config);
	history_close(&history);
	start(&history);
	transact(&history, HISTORY_START, "a");
	assert_reason(&history, "xslot.ini", "differs from what was loaded");
	transact(&history, HISTORY_FILES, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	history_close(&history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_edited_and_crashed, empty),
		cmocka_unit_test_setup(test_what_differs, empty),
		cmocka_unit_test_setup(test_many_differences, empty),
		cmocka_unit_test_setup(test_cut_off_reload, empty),
		cmocka_unit_test_setup(test_requests_that_are_damaged, empty),
		cmocka_unit_test_setup(test_held_by_a_start, empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
