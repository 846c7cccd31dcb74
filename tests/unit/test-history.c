/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Kept configurations: what is on disk, and what the record says after each thing that can happen. */
#include "history-files.h"

static size_t count_snapshots(void)
{
	FILE *ls = popen("ls -d var/state/[0-9]* 2>/dev/null | wc -l", "r");
	size_t n = 0;

	assert_int_equal(fscanf(ls, "%zu", &n), 1);
	pclose(ls);
	return n;
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

/* ld's --wrap, see meson.build. With optimisation, getline() is __getdelim() in the C library's header. */
static bool no_memory;
ssize_t __real_getline(char **line, size_t *size, FILE *file);
ssize_t __wrap_getline(char **line, size_t *size, FILE *file);
ssize_t __real___getdelim(char **line, size_t *size, int end, FILE *file);
ssize_t __wrap___getdelim(char **line, size_t *size, int end, FILE *file);

ssize_t __wrap_getline(char **line, size_t *size, FILE *file)
{
	errno = ENOMEM;
	return no_memory ? -1 : __real_getline(line, size, file);
}

ssize_t __wrap___getdelim(char **line, size_t *size, int end, FILE *file)
{
	errno = ENOMEM;
	return no_memory ? -1 : __real___getdelim(line, size, end, file);
}

static void test_record_without_memory(void **state)
{
	struct statedir *statedir;
	struct xslot_diag diag = {};

	assert_int_equal(system("mkdir -p -m 0700 var/state/3/etc"), 0);
	file_write("var/state/record", "xslot-record 1\ncurrent 3 /a\nend\n");
	no_memory = true;
	assert_int_equal(statedir_open(state_path, &statedir, &diag), -ENOMEM);
	no_memory = false;
	assert_non_null(strstr(diag.message, "/record: out of memory"));
	assert_int_equal(count_snapshots(), 1);
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
	assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_PREVIOUS, false },
				 "xslot.ini", &files, &file, NULL),
		0);
	assert_int_equal(history_keep(&history, &(struct history_ask){ HISTORY_PREVIOUS, false }, files, file,
				 false, NULL),
		0);
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
	assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_FILES, true }, "xslot.ini",
				 &files, &file, NULL),
		0);
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	files_free(files);
	free(file);
	history_close(&history);
	start(&history);
	transact(&history, HISTORY_START, "a");
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_FILES, true }, "xslot.ini",
				 &files, &file, NULL),
		0);
	history_undo(&history); /* refused */
	assert_record(&history, 1, 0, HOLD_UNCONFIRMED, false);
	transact(&history, HISTORY_FILES, "b");
	assert_record(&history, 2, 1, HOLD_NONE, false);
	files_free(files);
	free(file);
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
	assert_int_equal(history_choose(&history, &(struct history_ask){ HISTORY_FILES, false }, "xslot.ini",
				 &files, &file, NULL),
		0);
	assert_int_equal(history_keep(&history, &(struct history_ask){ HISTORY_FILES, false }, files, file,
				 false, NULL),
		0);
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
		cmocka_unit_test_setup(test_record_without_memory, empty),
		cmocka_unit_test_setup(test_record_that_is_damaged, empty),
		cmocka_unit_test_setup(test_back_and_forth, empty),
		cmocka_unit_test_setup(test_other_words_for_the_same, empty),
		cmocka_unit_test_setup(test_trial, empty),
		cmocka_unit_test_setup(test_trial_of_a_rollback, empty),
		cmocka_unit_test_setup(test_refused_in_the_end, empty),
		cmocka_unit_test_setup(test_killed_before_the_trial, empty),
		cmocka_unit_test_setup(test_killed_behind, empty),
		cmocka_unit_test_setup(test_disk_that_takes_nothing, empty),
		cmocka_unit_test_setup(test_folder_of_another_host, empty),
		cmocka_unit_test_setup(test_folder_that_cannot_be, empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
