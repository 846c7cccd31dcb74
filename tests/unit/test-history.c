/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Kept configurations: what is on disk, and what the record says after each thing that can happen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "config-files.h"
#include "host/history.h"
#include "host/session.h"

static char *here, *state_path;

static int setup(void **state)
{
	if (files_setup(state) < 0)
		return -1;
	here = getcwd(NULL, 0);
	return asprintf(&state_path, "%s/var/state", here) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	free(here);
	free(state_path);
	return files_teardown(state);
}

static int empty(void **state)
{
	return system("rm -rf var xslot.ini rules") == 0 ? 0 : -1;
}

/* A configuration of one INI file, and of the file "rules" when given. */
static void configure(const char *ini, const char *rules)
{
	char text[512];

	snprintf(text, sizeof(text), "[host]\nstate = %s\n; %s\n", state_path, ini);
	file_write("xslot.ini", text);
	if (rules)
		file_write("rules", rules);
}

static struct files *read_files(const char *root, bool rules)
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

static void start(struct history *history)
{
	struct xslot_diag diag = {};

	*history = (struct history){};
	assert_int_equal(history_open(history, "xslot.ini", &diag), 0);
	assert_non_null(history->dir);
}

/* A transaction that goes well; `ret_said`: the comment in the configuration that it read. */
static int transact_or(
	struct history *history, enum history_wish wish, bool unchanged, bool confirm, char *ret_said)
{
	struct files *files = NULL;
	struct xslot_diag diag = {};
	char *file = NULL;
	struct blob *blob;
	int r;

	*ret_said = 0;
	r = history_choose(history, wish, "xslot.ini", confirm, &files, &file, &diag);
	if (r < 0) {
		history_undo(history);
		xslot_diag_clear(&diag);
		return r;
	}
	assert_int_equal(files_read(files, file, 1000, &blob, NULL), 0);
	sscanf(strstr((char *)blob->data, "\n; "), "\n; %15s", ret_said);
	blob_free(blob);
	r = history_keep(history, wish, files, file, unchanged, confirm, &diag);
	if (history->behind) {
		assert_int_equal(r, 0);
		assert_memory_equal(statedir_record(history->dir), &history->before, sizeof(history->before));
		r = history_keep(history, wish, files, file, unchanged, confirm, &diag);
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

static void transact(struct history *history, enum history_wish wish, const char *expected)
{
	char said[16];

	assert_int_equal(transact_or(history, wish, false, false, said), 0);
	assert_string_equal(said, expected);
}

/* A host's first start, or one after the files were edited while none ran. */
static void begin(struct history *history, const char *content)
{
	configure(content, NULL);
	start(history);
	transact(history, HISTORY_START, content);
}

static void reload(struct history *history, const char *ini)
{
	configure(ini, NULL);
	transact(history, HISTORY_FILES, ini);
}

/* A host that is killed: what it holds is let go of, and the mark of a clean stop is not there. */
static void die(struct history *history)
{
	bool marked = history->marked;

	history_close(history);
	if (marked)
		assert_int_equal(rename("var/state/stopped", "var/state/running"), 0);
}

static size_t count_snapshots(void)
{
	FILE *ls = popen("ls -d var/state/[0-9]* 2>/dev/null | wc -l", "r");
	size_t n = 0;

	assert_int_equal(fscanf(ls, "%zu", &n), 1);
	pclose(ls);
	return n;
}

static void assert_record(const struct history *history, unsigned current, unsigned previous,
	enum statedir_hold hold, bool trial)
{
	const struct statedir_record *record = statedir_record(history->dir);

	assert_int_equal(record->current.number, current);
	assert_int_equal(record->previous.number, previous);
	assert_int_equal(record->hold, hold);
	assert_int_equal(record->trial, trial);
}

static void test_snapshot_mirrors_and_shares(void **state)
{
	struct statedir_record record = {};
	struct statedir *statedir = NULL;
	struct files *files;
	struct stat one, two;
	char path[512];

	configure("one", "the rules");
	files = read_files(NULL, true);
	assert_int_equal(statedir_open(state_path, &statedir, NULL), 0);
	assert_int_equal(stat("var/state", &one), 0);
	assert_int_equal(one.st_mode & 0777, 0700);
	assert_false(statedir_same(statedir, 0, files));
	assert_int_equal(statedir_save(statedir, files, "xslot.ini", &record.current, NULL), 0);
	snprintf(path, sizeof(path), "%s/xslot.ini", here);
	assert_string_equal(record.current.file, path);
	assert_int_equal(statedir_set(statedir, &record, NULL), 0);
	assert_true(statedir_same(statedir, 1, files));
	files_free(files);

	configure("two", NULL);
	files = read_files(NULL, true);
	assert_false(statedir_same(statedir, 1, files));
	assert_int_equal(statedir_save(statedir, files, "xslot.ini", &record.current, NULL), 0);
	snprintf(path, sizeof(path), "var/state/1%s/rules", here);
	assert_int_equal(stat(path, &one), 0);
	snprintf(path, sizeof(path), "var/state/2%s/rules", here);
	assert_int_equal(stat(path, &two), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_int_equal(two.st_mode & 0777, 0400);
	files_free(files);

	/* One file less is another configuration. */
	files = read_files(NULL, false);
	assert_false(statedir_same(statedir, 2, files));
	files_free(files);
	snprintf(path, sizeof(path), "%s/2", state_path);
	files = read_files(path, true);
	assert_true(statedir_same(statedir, 2, files));
	files_free(files);
	statedir_sweep(statedir);
	assert_int_equal(count_snapshots(), 1);
	statedir_close(statedir);
}

static void test_one_host_a_folder(void **state)
{
	struct statedir *one, *two = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(statedir_open(state_path, &one, &diag), 0);
	assert_int_equal(statedir_open(state_path, &two, &diag), -EBUSY);
	assert_non_null(strstr(diag.message, "another xslotd runs with the state folder"));
	statedir_close(one);
	assert_int_equal(chmod(state_path, 0770), 0);
	assert_int_equal(statedir_open(state_path, &two, &diag), -EPERM);
	assert_int_equal(chmod(state_path, 0700), 0);
	assert_int_equal(statedir_open(state_path, &two, &diag), 0);
	statedir_close(two);
	xslot_diag_clear(&diag);
}

static void test_record_that_is_damaged(void **state)
{
	static const char *const texts[] = { "", "xslot-record 1\n", "xslot-record 2\nend\n",
		"xslot-record 1\ncurrent 1\nend\n", "xslot-record 1\ncurrent x /a\nend\n",
		"xslot-record 1\ncurrent 0 /a\nend\n", "xslot-record 1\ncurrent 4294967295 /a\nend\n",
		"xslot-record 1\nhold maybe\nend\n", "xslot-record 1\nhold rollback\nend\n",
		"xslot-record 1\ntrial yes\nend\n", "xslot-record 1\ncurrent 1 /a\nend\nend\n",
		"xslot-record 1\ncurrent 1 /a\nend" };
	struct statedir *statedir;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(system("mkdir -p -m 0700 var/state/7/etc"), 0);
		file_write("var/state/record", texts[i]);
		assert_int_equal(statedir_open(state_path, &statedir, NULL), 0);
		assert_int_equal(statedir_record(statedir)->current.number, 0);
		assert_int_equal(statedir_record(statedir)->hold, HOLD_NONE);
		assert_int_equal(count_snapshots(), 0);
		statedir_close(statedir);
	}
	file_write("var/state/.record", "half");
	file_write(
		"var/state/record", "xslot-record 1\ncurrent 3 /a b\nprevious 2 /c\nhold unconfirmed\nend\n");
	assert_int_equal(statedir_open(state_path, &statedir, NULL), 0);
	assert_int_equal(statedir_record(statedir)->current.number, 3);
	assert_string_equal(statedir_record(statedir)->current.file, "/a b");
	assert_int_equal(access("var/state/.record", F_OK), -1);
	assert_int_equal(statedir_record(statedir)->hold, HOLD_UNCONFIRMED);
	statedir_close(statedir);
}

static void test_back_and_forth(void **state)
{
	struct history history;
	char said[16];

	configure("a", NULL);
	start(&history);
	assert_int_equal(transact_or(&history, HISTORY_PREVIOUS, false, false, said), -ENOENT);
	transact(&history, HISTORY_START, "a");
	assert_record(&history, 1, 0, HOLD_NONE, false);
	assert_int_equal(transact_or(&history, HISTORY_PREVIOUS, false, false, said), -ENOENT);
	reload(&history, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	reload(&history, "c");
	assert_record(&history, 3, 2, HOLD_NONE, false);
	assert_int_equal(count_snapshots(), 2);
	transact(&history, HISTORY_PREVIOUS, "b");
	assert_record(&history, 2, 3, HOLD_ROLLBACK, false);
	transact(&history, HISTORY_PREVIOUS, "c");
	assert_record(&history, 3, 2, HOLD_ROLLBACK, false);
	transact(&history, HISTORY_PREVIOUS, "b");
	history_close(&history);

	/* Held through any restart, until the files are asked for; these say what was the previous one. */
	start(&history);
	transact(&history, HISTORY_START, "b");
	assert_record(&history, 2, 3, HOLD_ROLLBACK, false);
	reload(&history, "c");
	assert_record(&history, 3, 2, HOLD_NONE, false);
	history_close(&history);

	/* Edited while no host ran. */
	begin(&history, "d");
	assert_record(&history, 4, 3, HOLD_NONE, false);
	history_close(&history);
}

static void test_other_words_for_the_same(void **state)
{
	struct history history;
	char said[16];

	begin(&history, "a");
	reload(&history, "b");
	configure("b-with-a-comment", NULL);
	assert_int_equal(transact_or(&history, HISTORY_FILES, true, false, said), 0);
	assert_record(&history, 3, 1, HOLD_NONE, false);
	assert_int_equal(count_snapshots(), 2);
	transact(&history, HISTORY_PREVIOUS, "a");
	history_close(&history);
}

static void test_trial(void **state)
{
	struct history history;
	char said[16];

	begin(&history, "a");
	configure("b", NULL);
	assert_int_equal(transact_or(&history, HISTORY_FILES, true, true, said), 0);
	assert_record(&history, 2, 0, HOLD_NONE, false); /* nothing changed: nothing to confirm */
	configure("c", NULL);
	assert_int_equal(transact_or(&history, HISTORY_FILES, false, true, said), 0);
	assert_record(&history, 3, 2, HOLD_NONE, true);
	assert_int_equal(history_confirm(&history, NULL), 0);
	assert_record(&history, 3, 2, HOLD_NONE, false);
	configure("d", NULL);
	assert_int_equal(transact_or(&history, HISTORY_FILES, false, true, said), 0);
	transact(&history, HISTORY_REVERT, "c");
	assert_record(&history, 3, 4, HOLD_UNCONFIRMED, false);
	configure("e", NULL);
	assert_int_equal(transact_or(&history, HISTORY_FILES, false, true, said), 0);
	assert_record(&history, 5, 3, HOLD_NONE, true);
	history_close(&history);

	/* Whoever starts goes back, once, and stays there. */
	for (int i = 0; i < 2; i++) {
		start(&history);
		transact(&history, HISTORY_START, "c");
		assert_record(&history, 3, 5, HOLD_UNCONFIRMED, false);
		history_close(&history);
	}
}

static void test_trial_of_a_rollback(void **state)
{
	struct history history;
	char said[16];

	begin(&history, "a");
	reload(&history, "b");
	assert_int_equal(transact_or(&history, HISTORY_PREVIOUS, false, true, said), 0);
	assert_string_equal(said, "a");
	assert_record(&history, 1, 2, HOLD_ROLLBACK, true);
	history_close(&history);
	start(&history);
	transact(&history, HISTORY_START, "b");
	assert_record(&history, 2, 1, HOLD_UNCONFIRMED, false);
	history_close(&history);
}

static void test_refused_in_the_end(void **state)
{
	struct history history;
	struct files *files;
	char *file;

	begin(&history, "a");
	reload(&history, "b");
	assert_int_equal(
		history_choose(&history, HISTORY_PREVIOUS, "xslot.ini", false, &files, &file, NULL), 0);
	assert_int_equal(history_keep(&history, HISTORY_PREVIOUS, files, file, false, false, NULL), 0);
	assert_record(&history, 1, 2, HOLD_ROLLBACK, false);
	history_undo(&history);
	assert_record(&history, 2, 1, HOLD_NONE, false);
	files_free(files);
	free(file);
	history_close(&history);
	start(&history);
	assert_record(&history, 2, 1, HOLD_NONE, false);
	history_close(&history);
}

static void test_killed_before_the_trial(void **state)
{
	struct history history;
	struct files *files;
	char *file;

	begin(&history, "a");
	configure("b", NULL);
	assert_int_equal(history_choose(&history, HISTORY_FILES, "xslot.ini", true, &files, &file, NULL), 0);
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	files_free(files);
	free(file);
	history_close(&history);
	start(&history);
	transact(&history, HISTORY_START, "a");
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	assert_int_equal(history_choose(&history, HISTORY_FILES, "xslot.ini", true, &files, &file, NULL), 0);
	history_undo(&history); /* refused */
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	transact(&history, HISTORY_FILES, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	files_free(files);
	free(file);
	history_close(&history);
}

/* Read, and with `met` about to be met by packets, when the host dies. */
static void ask_and_die(struct history *history, const char *content, bool bare, bool met)
{
	struct files *files;
	char *file;

	configure(content, NULL);
	assert_int_equal(history_choose(history, HISTORY_FILES, "xslot.ini", false, &files, &file, NULL), 0);
	files_free(files);
	files = read_files(NULL, false);
	history_read(history, files, file, bare);
	if (met) {
		assert_int_equal(history_keep(history, HISTORY_FILES, files, file, false, false, NULL), 0);
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
		assert_int_equal(
			history_choose(&history, HISTORY_START, "xslot.ini", false, &files, &file, NULL), 0);
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
		assert_int_equal(
			history_choose(&history, HISTORY_START, "xslot.ini", false, &files, &file, NULL), 0);
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

/* Packets meet it, and the disk has not heard of it: the next host has adopted what it reads. */
static void test_killed_behind(void **state)
{
	struct history history;
	struct files *files;
	char *file, said[16];

	begin(&history, "a");
	reload(&history, "b");
	configure("c", NULL);
	assert_int_equal(history_choose(&history, HISTORY_FILES, "xslot.ini", false, &files, &file, NULL), 0);
	assert_int_equal(history_keep(&history, HISTORY_FILES, files, file, false, false, NULL), 0);
	assert_true(history.behind);
	assert_record(&history, 2, 1, HOLD_NONE, false);
	files_free(files);
	free(file);
	history_close(&history);
	start(&history);
	assert_int_equal(transact_or(&history, HISTORY_START, true, false, said), 0);
	assert_record(&history, 3, 2, HOLD_NONE, false);
	transact(&history, HISTORY_PREVIOUS, "b");
	history_close(&history);
}

/* A folder in the place of the record's next version: neither written nor replaced, for root neither. */
static void break_record(bool broken)
{
	assert_int_equal(system(broken ? "mkdir -p var/state/.record/x" : "rm -rf var/state/.record"), 0);
}

static void test_disk_that_takes_nothing(void **state)
{
	struct history history;
	char said[16];

	begin(&history, "a");
	reload(&history, "b");
	break_record(true);
	configure("c", NULL);
	assert_true(transact_or(&history, HISTORY_FILES, false, true, said) < 0);
	assert_record(&history, 2, 1, HOLD_NONE, false);
	reload(&history, "c"); /* goes on, with a warning */
	break_record(false);
	transact(&history, HISTORY_PREVIOUS, "b");
	assert_null(history.why);
	break_record(true);
	/* So does the end of a hold; the status has a line for it, and the next start is held still. */
	assert_int_equal(transact_or(&history, HISTORY_FILES, false, false, said), 0);
	assert_int_equal(statedir_record(history.dir)->hold, HOLD_NONE);
	assert_non_null(history.why);
	history_close(&history);
	break_record(false);
	start(&history);
	assert_int_equal(statedir_record(history.dir)->hold, HOLD_ROLLBACK);
	/* Once more when there is room: nothing changes, and now the disk knows it. */
	break_record(true);
	assert_int_equal(transact_or(&history, HISTORY_FILES, false, false, said), 0);
	break_record(false);
	assert_int_equal(transact_or(&history, HISTORY_FILES, true, false, said), 0);
	assert_null(history.why);
	history_close(&history);
	start(&history);
	assert_int_equal(statedir_record(history.dir)->hold, HOLD_NONE);
	configure("d", NULL);
	transact(&history, HISTORY_FILES, "d");
	assert_null(history.why);
	history_close(&history);
}

static void test_folder_of_another_host(void **state)
{
	struct history history = {};
	struct statedir *other;

	assert_int_equal(statedir_open(state_path, &other, NULL), 0);
	configure("a", NULL);
	assert_int_equal(history_open(&history, "xslot.ini", NULL), -EBUSY);
	history_close(&history);
	/* Files with errors are refused for these, and not for a folder that may not even be meant. */
	configure("a\nnonsense", NULL);
	assert_int_equal(history_open(&history, "xslot.ini", NULL), 0);
	assert_null(history.dir);
	history_close(&history);
	statedir_close(other);
}

static void test_folder_that_cannot_be(void **state)
{
	struct history history = {};
	char said[16];

	file_write("var", "no folder");
	configure("a", NULL);
	assert_int_equal(history_open(&history, "xslot.ini", NULL), 0);
	assert_null(history.dir);
	transact(&history, HISTORY_START, "a");
	transact(&history, HISTORY_FILES, "a");
	assert_true(transact_or(&history, HISTORY_FILES, false, true, said) < 0);
	assert_int_equal(transact_or(&history, HISTORY_PREVIOUS, false, false, said), -ENOENT);
	history_close(&history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_snapshot_mirrors_and_shares, empty),
		cmocka_unit_test_setup(test_one_host_a_folder, empty),
		cmocka_unit_test_setup(test_record_that_is_damaged, empty),
		cmocka_unit_test_setup(test_back_and_forth, empty),
		cmocka_unit_test_setup(test_other_words_for_the_same, empty),
		cmocka_unit_test_setup(test_trial, empty),
		cmocka_unit_test_setup(test_trial_of_a_rollback, empty),
		cmocka_unit_test_setup(test_refused_in_the_end, empty),
		cmocka_unit_test_setup(test_killed_before_the_trial, empty),
		cmocka_unit_test_setup(test_killed_behind, empty),
		cmocka_unit_test_setup(test_edited_and_crashed, empty),
		cmocka_unit_test_setup(test_what_differs, empty),
		cmocka_unit_test_setup(test_many_differences, empty),
		cmocka_unit_test_setup(test_cut_off_reload, empty),
		cmocka_unit_test_setup(test_requests_that_are_damaged, empty),
		cmocka_unit_test_setup(test_held_by_a_start, empty),
		cmocka_unit_test_setup(test_disk_that_takes_nothing, empty),
		cmocka_unit_test_setup(test_folder_of_another_host, empty),
		cmocka_unit_test_setup(test_folder_that_cannot_be, empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
