/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A socket's file outlives its process, so a path that exists says nothing: we knock. Who answers keeps it,
 * and what is no socket is not ours to delete. Mode and group are set between bind and listen: a connection
 * that comes earlier is refused by the kernel, so there is no moment with the wrong ones, and no umask to
 * change under the other threads.
 */
#include "control/listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define GROUP "xslot"

static int make_parent(const char *path, struct xslot_diag *diag)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *parent;

	strcpy(copy, path);
	parent = dirname(copy);
	if (mkdir(parent, 0755) < 0 && errno != EEXIST)
		return fail(diag, -errno, "cannot make the control socket's directory %s: %s", parent,
			strerror(errno));
	return 0;
}

/* Remove a dead host's socket. 0 when the path is free now. */
static int clear_path(const struct sockaddr_un *address, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : fail(diag, -errno, "cannot make the control socket %s: %s", path,
						 strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(diag, -EEXIST,
			"cannot make the control socket %s: there is a file of that name that is no socket; "
			"remove it or set another socket in the section [host]",
			path);
	if (fd < 0)
		return fail(diag, -errno, "cannot make the control socket %s: %s", path, strerror(errno));
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return fail(diag, -EADDRINUSE,
			"cannot make the control socket %s: another host answers there; stop it first or set "
			"another socket in the section [host]",
			path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return fail(diag, -errno, "cannot tell whether a host answers at the control socket %s: %s",
			path, strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(diag, -errno,
			"cannot remove the control socket %s that a dead host left behind: %s", path,
			strerror(errno));
	return 0;
}

/* Without the group, or without the right to give it away, the socket is its owner's alone: still safe. */
static int guard(const char *path, struct listen_file *ret_file)
{
	const struct group *group = getgrnam(GROUP);
	struct stat st;

	if (group && chown(path, (uid_t)-1, group->gr_gid) < 0 && errno != EPERM)
		return -errno;
	if (chmod(path, 0660) < 0 || lstat(path, &st) < 0)
		return -errno;
	*ret_file = (struct listen_file){ st.st_dev, st.st_ino };
	return 0;
}

int listen_open(const char *path, int *ret_fd, struct listen_file *ret_file, struct xslot_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(close) int fd = -1;
	struct listen_file file;
	int r;

	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return fail(diag, -EINVAL,
			"cannot make the control socket \"%s\": its path must be absolute and at most %zu "
			"characters long",
			path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	r = make_parent(path, diag);
	if (!r)
		r = clear_path(&address, diag);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(diag, -errno, "cannot make the control socket %s: %s", path, strerror(errno));
	r = guard(path, &file);
	if (!r && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r < 0) {
		unlink(path);
		return fail(diag, r, "cannot set up the control socket %s: %s", path, strerror(-r));
	}
	*ret_file = file;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void listen_remove(const char *path, const struct listen_file *file)
{
	struct stat st;

	if (!lstat(path, &st) && st.st_dev == file->device && st.st_ino == file->inode)
		unlink(path);
}
