/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The INI files name all other files. So if they and all files that they name are unchanged, and no snippet
 * was added, the configuration is the same. The other files are compared with their copies in the snapshot.
 */
#include "host/kept/differ.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_read.h"
#include "util/cleanup.h"
#include "util/files.h"
#include "util/memory.h"

struct differences {
	const char *root;
	void (*say)(void *data, const char *sentence);
	void *data;
	size_t n;
};

DEFINE_CLEANUP(FTS *, fts_close);
DEFINE_CLEANUP(DIR *, closedir);

__attribute__((format(printf, 2, 3))) static void say(
	struct differences *differences, const char *format, ...)
{
	CLEANUP(free) char *sentence = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) < 0)
		memory_out();
	va_end(args);
	differences->n++;
	if (differences->say)
		differences->say(differences->data, sentence);
}

/* The machine's path of a copy: see files_mirror(). */
static char *original(const char *copy)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	CLEANUP(free) char *parts = strdup(copy);
	char *rest = parts, *part;

	if (!out || !parts)
		memory_out();
	while ((part = strsep(&rest, "/"))) {
		if (*part)
			fprintf(out, "/%s", strcmp(part, "...") == 0 ? ".." : part);
	}
	if (fclose(out) != 0)
		memory_out();
	return text;
}

static int open_regular(const char *path, off_t *ret_size)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	*ret_size = st.st_size;
	return TAKE_FD(fd);
}

/* 0: the same bytes, 1: others, or -errno. */
static int compare(int a, int b)
{
	static char one[1 << 16], other[1 << 16];

	for (off_t at = 0;; at += (off_t)sizeof(one)) {
		ssize_t n = pread(a, one, sizeof(one), at), m = pread(b, other, sizeof(other), at);

		if (n < 0 || m < 0)
			return -errno;
		if (n != m || memcmp(one, other, (size_t)n) != 0)
			return 1;
		if (n < (ssize_t)sizeof(one))
			return 0;
	}
}

static void look_at(struct differences *differences, const char *copy)
{
	CLEANUP(free) char *path = original(copy + strlen(differences->root));
	off_t size = 0, kept_size = 0;
	CLEANUP(close) int kept = open_regular(copy, &kept_size);
	CLEANUP(close) int fd = open_regular(path, &size);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR) {
		say(differences, "%s is gone", path);
		return;
	}
	r = fd < 0 ? fd : kept < 0 ? kept : size != kept_size ? 1 : compare(fd, kept);
	if (r == 1)
		say(differences, "%s differs from what was loaded", path);
	else if (r == -EBADF)
		say(differences, "%s is not a regular file", path);
	else if (r < 0)
		say(differences, "%s cannot be compared with what was loaded: %s", path, strerror(-r));
}

static void look_for_new(struct differences *differences, const char *file)
{
	CLEANUP(free) char *path = original(file), *folder = NULL;
	CLEANUP(closedir) DIR *dir = NULL;
	const struct dirent *entry;

	if (asprintf(&folder, "%.*s/conf.d", (int)(strrchr(path, '/') - path), path) < 0)
		memory_out();
	dir = opendir(folder);
	if (!dir && errno != ENOENT)
		say(differences, "%s cannot be listed: %s", folder, strerror(errno));
	while (dir && (entry = readdir(dir))) {
		CLEANUP(free) char *copy = NULL, *snippet = NULL, *mirror = NULL;

		if (!config_is_snippet(entry->d_name))
			continue;
		if (asprintf(&snippet, "%s/%s", folder, entry->d_name) < 0)
			memory_out();
		mirror = files_mirror(snippet);
		if (asprintf(&copy, "%s%s", differences->root, mirror) < 0)
			memory_out();
		if (access(copy, F_OK) < 0)
			say(differences, "%s is new", snippet);
	}
}

size_t differ_list(
	const char *root, const char *file, void (*say_one)(void *data, const char *sentence), void *data)
{
	struct differences differences = { root, say_one, data, 0 };
	char *const roots[] = { (char *)root, NULL };
	CLEANUP(fts_close) FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP)
			continue;
		look_at(&differences, entry->fts_path);
	}
	if (!tree)
		say(&differences, "%s cannot be read: %s", root, strerror(errno));
	look_for_new(&differences, file);
	return differences.n;
}
