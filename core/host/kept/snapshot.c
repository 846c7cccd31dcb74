/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A snapshot is a plain tree, so that diff -r shows what a rollback would change, and a file can be copied
 * out of it by hand. A file that did not change since the previous snapshot is a hard link to it: a hundred
 * megabytes of rules are stored once, and as both are read-only, nobody writes into either.
 */
#include "host/kept/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"

DEFINE_CLEANUP(FTS *, fts_close);

static FTS *walk(const char *root)
{
	char *const roots[] = { (char *)root, NULL };

	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

void snapshot_remove(const char *root)
{
	CLEANUP(fts_close) FTS *tree = walk(root);
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D || (entry->fts_level == 0 && entry->fts_info == FTS_NS))
			continue;
		if (remove(entry->fts_path) < 0 && errno != ENOENT)
			log_warning("cannot remove %s: %s", entry->fts_path, strerror(errno));
	}
}

static int sync_folders(const char *root)
{
	CLEANUP(fts_close) FTS *tree = walk(root);
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		CLEANUP(close) int fd = -1;

		if (entry->fts_info != FTS_DP)
			continue;
		fd = open(entry->fts_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fsync(fd) < 0)
			return -errno;
	}
	return tree ? 0 : -errno;
}

static size_t count_files(const char *root)
{
	CLEANUP(fts_close) FTS *tree = walk(root);
	const FTSENT *entry;
	size_t n = 0;

	while (tree && (entry = fts_read(tree)))
		n += entry->fts_info != FTS_D && entry->fts_info != FTS_DP;
	return n;
}

int snapshot_make_parents(const char *path, mode_t mode)
{
	CLEANUP(free) char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int snapshot_write_file(const char *path, const void *data, size_t size)
{
	CLEANUP(close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	const char *at = data;

	if (fd < 0)
		return -errno;
	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Read, not mapped: a disk that fails, or a hand that cuts the file, is a SIGBUS in a mapping. */
static bool has_bytes(const char *path, const struct blob *blob)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == blob->size &&
	       blob_is_at(blob, path);
}

static char *copy_path(const char *root, const char *path)
{
	const struct files below = { .root = (char *)root };

	return files_path(&below, path);
}

bool snapshot_same(const char *root, const struct files *files)
{
	for (size_t i = 0; i < files->n_entries; i++) {
		CLEANUP(free) char *copy = copy_path(root, files->entries[i].path);

		if (!has_bytes(copy, files->entries[i].blob))
			return false;
	}
	return count_files(root) == files->n_entries;
}

static int write_one(const char *root, const char *base, const struct files_entry *entry)
{
	CLEANUP(free) char *copy = copy_path(root, entry->path);
	CLEANUP(free) char *old = base ? copy_path(base, entry->path) : NULL;
	int r = snapshot_make_parents(copy, 0700);

	if (r < 0)
		return r;
	if (old && has_bytes(old, entry->blob) && link(old, copy) == 0)
		return 0;
	r = snapshot_write_file(copy, entry->blob->data, entry->blob->size);
	/* Two spellings of one path, such as a//b and a/b. */
	return r == -EEXIST && has_bytes(copy, entry->blob) ? 0 : r;
}

static int write_all(const char *root, const struct files *files, const char *base, struct xslot_diag *diag)
{
	int r;

	if (mkdir(root, 0700) < 0)
		return fail(diag, -errno, "cannot make %s: %s", root, strerror(errno));
	for (size_t i = 0; i < files->n_entries; i++) {
		r = write_one(root, base, &files->entries[i]);
		if (r < 0)
			return fail(diag, r, "cannot keep a copy of %s in %s: %s", files->entries[i].path,
				root, strerror(-r));
	}
	r = sync_folders(root);
	return r < 0 ? fail(diag, r, "cannot write %s to disk: %s", root, strerror(-r)) : 0;
}

int snapshot_write(const char *root, const struct files *files, const char *base, struct xslot_diag *diag)
{
	int r;

	snapshot_remove(root);
	r = write_all(root, files, base, diag);
	if (r < 0)
		snapshot_remove(root);
	return r;
}
