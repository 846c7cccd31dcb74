/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a reader refuses, and what it notices when everything is read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "util/files.h"
#include "util/stamp.h"

static char directory[] = "/tmp/xslot-test-XXXXXX";

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *path, int error, const char *words)
{
	struct xslot_diag diag = {};
	struct blob *blob = NULL;

	assert_int_equal(blob_read(path, 1 << 20, &blob, &diag), error);
	assert_null(blob);
	if (!strstr(diag.message, words) || !strstr(diag.message, path))
		fail_msg("\"%s\" does not say \"%s\" of %s", diag.message, words, path);
}

static void assert_reads(struct reader *reader, const char *path, const char *text)
{
	struct xslot_diag diag = {};
	struct blob *blob;

	if (reader_read(reader, path, 1 << 20, NULL, &blob, &diag) < 0)
		fail_msg("%s", diag.message);
	assert_int_equal(blob->size, strlen(text));
	assert_true(blob->size == 0 || memcmp(blob->data, text, blob->size) == 0);
	blob_free(blob);
}

/* More than one read's worth, and other bytes of the same number in the last of them. */
static void test_same_bytes_again(void **state)
{
	static const char *const texts[] = { "", "abc", "abd", "abcd" };

	for (size_t begin = 0; begin < 200000; begin += 131072) {
		for (size_t i = 0; i < 4; i++) {
			struct blob *one = NULL, *two = NULL;
			struct reader reader = {};

			write_text("f", "");
			assert_int_equal(truncate("f", (off_t)begin), 0);
			write_text("g", "abc");
			assert_int_equal(system("cat f g >h && cat f >i"), 0);
			write_text("g", texts[i]);
			assert_int_equal(system("cat g >>i"), 0);
			assert_int_equal(reader_read(&reader, "h", 1 << 20, NULL, &one, NULL), 0);
			assert_int_equal(reader_read(&reader, "i", 1 << 20, one, &two, NULL), 0);
			reader_deinit(&reader);
			assert_int_equal(one == two, i == 1);
			assert_int_equal(one->refs, i == 1 ? 2 : 1);
			assert_int_equal(two->size, begin + strlen(texts[i]));
			assert_true(two->size == begin ||
				    memcmp(two->data + begin, texts[i], strlen(texts[i])) == 0);
			blob_free(one);
			blob_free(two);
		}
	}
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* From a pipe, no more than is allowed, however much comes. */
static void test_streams(void **state)
{
	FILE *pipe = popen("echo abc; echo def", "r");
	struct xslot_diag diag = {};
	struct blob *blob;
	int fd;

	assert_int_equal(blob_read_stream(fileno(pipe), "a pipe", 100, &blob, &diag), 0);
	assert_int_equal(blob->size, 8);
	assert_memory_equal(blob->data, "abc\ndef\n", 8);
	blob_free(blob);
	pclose(pipe);
	fd = open("/dev/zero", O_RDONLY);
	assert_int_equal(blob_read_stream(fd, "a pipe", 1 << 20, &blob, &diag), -EFBIG);
	assert_string_equal(diag.message, "a pipe has more than the 1048576 bytes allowed");
	close(fd);
	assert_int_equal(regular_open("/dev/null", &fd, &diag), -EINVAL);
}

static void test_refuses_what_is_no_file(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct blob *blob = NULL;
	long before;

	assert_refused("nothing", -ENOENT, "cannot open nothing: No such file or directory");
	assert_int_equal(symlink("nothing", "dangling"), 0);
	assert_refused("dangling", -ENOENT, "it is a symbolic link to nothing, which does not exist");
	assert_refused("/tmp", -EINVAL, "/tmp is a directory, not a regular file");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_refused("fifo", -EINVAL, "is a FIFO");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_refused("socket", -EINVAL, "is a socket");
	assert_refused("/dev/zero", -EINVAL, "is a device");
	assert_int_equal(blob_read("/proc/self/exe", 10, &blob, NULL), -EFBIG);
	write_text("sparse", "");
	assert_int_equal(truncate("sparse", 1LL << 40), 0);
	assert_refused("sparse", -EFBIG, "has 1099511627776 bytes, more than the 1048576 allowed");
	before = peak_kib();
	assert_refused("/proc/self/pagemap", -EINVAL, "does not have the 0 bytes");
	assert_refused("/proc/self/maps", -EINVAL, "that are its size");
	assert_int_equal(blob_read("/proc/self/pagemap", 256 << 20, &blob, NULL), -EINVAL);
	assert_true(peak_kib() < before + 16384);
	close(fd);
}

/* ---- all of it together ---- */

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

static void test_what_changes_before_the_end(void **state)
{
	static const char *const changes[] = { "echo other >one", "echo more >>conf.d/a.ini",
		"rm conf.d/a.ini", "echo >conf.d/b.ini", "mv conf.d/a.ini conf.d/a.ini~",
		"cp conf.d/a.ini new; mv new conf.d/a.ini", "mv conf.d conf.old", "rm one", "touch -d @1 one",
		"cp one p; ln -s p l; rm one; mv l one" };
	static const char *const others[] = { "touch two", "cat one", "touch conf.d/.a.ini.swp", "ls conf.d",
		"touch conf.d/README" };

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes) + sizeof(others) / sizeof(*others); i++) {
		const size_t n = sizeof(changes) / sizeof(*changes);
		struct reader reader = {};

		assert_int_equal(
			system("rm -rf one two p l conf.d conf.old; mkdir conf.d; echo a >conf.d/a.ini; "
			       "echo 1 >one; sync conf.d"),
			0);
		assert_reads(&reader, "one", "1\n");
		assert_int_equal(list(&reader), 1);
		assert_reads(&reader, "conf.d/a.ini", "a\n");
		assert_int_equal(system(i < n ? changes[i] : others[i - n]), 0);
		if (reader_settle(&reader, NULL) != (i < n ? -EAGAIN : 0))
			fail_msg("%s", i < n ? changes[i] : others[i - n]);
		reader_deinit(&reader);
	}
}

static void test_folders_that_cannot_be_listed(void **state)
{
	struct xslot_diag diag = {};
	struct reader reader = {};
	char **names;
	size_t n;

	assert_int_equal(system("rm -rf conf.d"), 0);
	assert_int_equal(list(&reader), 0);
	assert_int_equal(reader_settle(&reader, NULL), 0);
	assert_int_equal(mkdir("conf.d", 0755), 0); /* it came after all was read */
	assert_int_equal(reader_settle(&reader, NULL), 0);
	assert_int_equal(system("touch conf.d/a.ini"), 0);
	assert_int_equal(reader_settle(&reader, NULL), -EAGAIN);
	reader_deinit(&reader);
	assert_int_equal(system("rm -r conf.d; touch conf.d"), 0);
	assert_int_equal(reader_list(&reader, "conf.d", all_ini, &names, &n, &diag), -ENOTDIR);
	assert_non_null(strstr(diag.message, "cannot list the directory: Not a directory"));
	assert_int_equal(system("rm conf.d; ln -s nowhere conf.d"), 0);
	assert_int_equal(reader_list(&reader, "conf.d", all_ini, &names, &n, &diag), -ENOENT);
	assert_non_null(strstr(diag.message, "it is a symbolic link to nowhere"));
	assert_int_equal(system("rm conf.d; mkdir -m 777 conf.d; touch conf.d/a.ini"), 0);
	assert_int_equal(list(&reader), 1);
	reader.careful = true;
	assert_int_equal(reader_list(&reader, "conf.d", all_ini, &names, &n, &diag), -EPERM);
	assert_non_null(strstr(diag.message, "conf.d is writable by everybody (mode 0777): chmod go-w"));
	reader_deinit(&reader);
	assert_int_equal(system("rm -r conf.d"), 0);
}

/* Did settling wait? Once in many attempts at least: a slow machine has waited already. */
static bool is_watched(const char *before)
{
	for (int i = 0; i < 50; i++) {
		struct reader reader = {};
		struct blob *blob;

		assert_int_equal(system(before), 0);
		assert_int_equal(reader_read(&reader, "f", 100, NULL, &blob, NULL), 0);
		blob_free(blob);
		assert_int_equal(reader_settle(&reader, NULL), 0);
		reader_deinit(&reader);
		if (reader.patience_end)
			return true;
	}
	return false;
}

/* ": >f; echo x >>f": two writers, and nobody has the file open between them. */
static void test_emptied_file_is_watched(void **state)
{
	int fd = open(".", O_RDONLY);

	assert_true(is_watched(": >f"));
	if (stamp_source_of(fd) == STAMP_LOCAL)
		assert_false(is_watched("echo x >f"));
	close(fd);
}

/* ---- whose files ---- */

static void assert_distrusted(const char *path, const char *words)
{
	struct files *files = files_new(NULL);
	struct xslot_diag diag = {};
	struct blob *blob = NULL;

	assert_int_equal(files_read(files, path, 100, &blob, &diag), words ? -EPERM : 0);
	if (words && !strstr(diag.message, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, words);
	blob_free(blob);
	files_free(files);
	if (words) {
		files = files_new(NULL);
		files_trust_all(files);
		assert_int_equal(files_read(files, path, 100, &blob, &diag), 0);
		blob_free(blob);
		files_free(files);
	}
}

static void test_files_that_others_may_write(void **state)
{
	assert_int_equal(system("rm -f l; mkdir d; echo x >d/f; chmod 644 d/f; ln -s d/f l"), 0);
	assert_distrusted("d/f", NULL);
	assert_distrusted("l", NULL);
	assert_int_equal(chmod("d/f", 0664), 0);
	assert_distrusted("d/f", "/d/f is writable by its group (mode 0664): chmod go-w it");
	assert_distrusted("l", "/d/f is writable by its group");
	assert_int_equal(chmod("d/f", 0602), 0);
	assert_distrusted("d/f", "is writable by everybody");
	assert_int_equal(chmod("d/f", 0644), 0);
	assert_int_equal(chmod("d", 0775), 0);
	assert_distrusted("d/f", "/d is writable by its group (mode 0775)");
	assert_int_equal(chmod("d", 01777), 0); /* as /tmp: nobody can replace what is ours */
	assert_distrusted("d/f", NULL);
	assert_int_equal(chmod("d", 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown("d/f", 12345, 0), 0);
		assert_distrusted("d/f", "belongs to user 12345");
		assert_int_equal(chown("d/f", 0, 0), 0);
		assert_int_equal(chown("d", 12345, 0), 0);
		assert_distrusted("l", "belongs to user 12345");
	}
	assert_int_equal(system("rm -r d l"), 0);
}

static void test_how_long_to_watch(void **state)
{
	struct stamp stamp = {};
	uint64_t left;

	clock_gettime(CLOCK_REALTIME, &stamp.changed);
	stamp.changed.tv_nsec |= 1;
	left = stamp_to_watch(&stamp, STAMP_LOCAL);
	assert_true(left > 0 && left <= STAMP_STILL);
	assert_int_equal(stamp_to_watch(&stamp, STAMP_REMOTE), STAMP_STILL);
	stamp.changed.tv_sec -= 2;
	assert_int_equal(stamp_to_watch(&stamp, STAMP_LOCAL), 0);
	assert_int_equal(stamp_to_watch(&stamp, STAMP_CLOCK), 0);
	assert_int_equal(stamp_to_watch(&stamp, STAMP_REMOTE), STAMP_STILL); /* perhaps its clock is late */
	stamp.changed.tv_sec -= 100;
	assert_int_equal(stamp_to_watch(&stamp, STAMP_REMOTE), 0);
	stamp.changed.tv_sec += 1000;
	assert_int_equal(stamp_to_watch(&stamp, STAMP_LOCAL), STAMP_STILL);
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
		cmocka_unit_test(test_same_bytes_again),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_refuses_what_is_no_file),
		cmocka_unit_test(test_emptied_file_is_watched),
		cmocka_unit_test(test_what_changes_before_the_end),
		cmocka_unit_test(test_folders_that_cannot_be_listed),
		cmocka_unit_test(test_files_that_others_may_write),
		cmocka_unit_test(test_how_long_to_watch),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
