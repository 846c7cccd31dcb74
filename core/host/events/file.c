/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An event is appended with one write, so that a host which dies leaves whole lines, and at most the last one
 * cut off when the disk was full. It is not waited for until that is on disk: a reload must not take as long
 * as a slow disk does, and a machine that loses power has other news.
 */
#include "host/events/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/kept/snapshot.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/path_reason.h"

/* Neither a link, which may lead anywhere, nor what would make the host wait. */
static int open_file(const char *path, int flags, struct stat *ret_stat)
{
	CLEANUP(close) int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return -errno;
	return S_ISREG(ret_stat->st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int events_file_read(
	const char *path, char **ret_text, size_t *ret_size, bool *ret_cut, struct xslot_diag *diag)
{
	struct stat stat;
	CLEANUP(close) int fd = open_file(path, O_RDONLY, &stat);
	CLEANUP(free) char *text = NULL;
	size_t size, used = 0;
	ssize_t n = 1;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail(diag, fd, "cannot read the events kept in %s: %s", path,
			fd == -EINVAL ? "it is not a regular file" : strerror(-fd));
	*ret_cut = stat.st_size > EVENTS_FILE_MAX;
	size = *ret_cut ? EVENTS_FILE_MAX : (size_t)stat.st_size;
	text = malloc(size + 1);
	if (!text)
		return fail(diag, -ENOMEM, "cannot read the events kept in %s: out of memory", path);
	if (*ret_cut && lseek(fd, -(off_t)EVENTS_FILE_MAX, SEEK_END) < 0)
		n = -1;
	while (n > 0 && used < size) {
		n = read(fd, text + used, size - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return fail(diag, -errno, "cannot read the events kept in %s: %s", path, strerror(errno));
	*ret_text = TAKE_PTR(text);
	*ret_size = used;
	return 0;
}

int events_file_append(const char *path, const char *text, size_t size, struct xslot_diag *diag)
{
	struct stat stat;
	CLEANUP(close) int fd = open_file(path, O_WRONLY | O_APPEND | O_CREAT, &stat);
	ssize_t n;

	if (fd < 0)
		return fail(diag, fd, "cannot keep events in %s: %s", path,
			fd == -EINVAL ? "it is not a regular file" : PATH_REASON(path, fd));
	n = write(fd, text, size);
	if (n == (ssize_t)size)
		return 0;
	return fail(diag, n < 0 ? -errno : -ENOSPC, "cannot keep events in %s: %s", path,
		n < 0 ? strerror(errno) : "only a part could be written");
}

int events_file_replace(const char *path, const char *text, size_t size, struct xslot_diag *diag)
{
	CLEANUP(free) char *new = NULL;
	int r;

	if (asprintf(&new, "%s.new", path) < 0)
		memory_out();
	unlink(new);
	r = snapshot_write_file(new, text, size);
	/* It is appended to, by a host without the right to override modes. */
	if (r == 0 && (chmod(new, 0600) < 0 || rename(new, path) < 0))
		r = -errno;
	return r < 0 ? fail(diag, r, "cannot keep events in %s: %s", path, PATH_REASON(path, r)) : 0;
}
