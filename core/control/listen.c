/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A socket's file outlives its process, so a path that exists proves nothing: we try to connect. If a host
 * answers, the socket is its own; and a file that is not a socket is not ours to delete.
 *
 * The socket's mode is set before bind(), which creates the file with it: from its first moment the file is
 * accessible to the owner only. Group and final mode are set through an O_PATH descriptor of that very file,
 * never by name, so that a name that was changed meanwhile has no effect; and before listen(), so that the
 * kernel refuses every connection until then. The umask of the process, which other threads share, is not
 * changed.
 */
#include "control/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/path_reason.h"
#include "util/trust.h"

#define GROUP "xslot"

static int make_parent(const char *path, struct xslot_diag *diag)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *parent;

	strcpy(copy, path);
	parent = dirname(copy);
	if (mkdir(parent, 0755) < 0 && errno != EEXIST)
		return fail(diag, -errno, "cannot make the control socket's directory %s: %s", parent,
			PATH_REASON(parent, errno));
	return 0;
}

/* Whoever may write there can put another socket in the place of ours: checked as plugin folders are. */
static int trust_parent(const char *path, struct xslot_diag *diag)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *parent;
	struct stat st;
	int r;

	strcpy(copy, path);
	parent = dirname(copy);
	if (stat(parent, &st) < 0)
		return fail(diag, -errno, "cannot look at the control socket's directory %s: %s", parent,
			strerror(errno));
	r = trust_stat(parent, &st, diag);
	return r < 0 ? fail_within(diag, r, "cannot make the control socket %s", path) : 0;
}

static int refuse_other_file(const char *path, struct xslot_diag *diag)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return fail(diag, -EEXIST,
			"cannot make the control socket %s: it exists and is not a socket; remove it or set another socket in the section [host]",
			path);
	return 0;
}

/* 1: a host answers there, and which; 0: nobody does, and there may be a file that a dead host left. */
static int knock(const struct sockaddr_un *address, pid_t *ret_pid, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *path = address->sun_path;
	struct ucred peer = {};
	socklen_t length = sizeof(peer);
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : fail(diag, -errno, "cannot make the control socket %s: %s", path,
						 strerror(errno));
	if (fd < 0)
		return fail(diag, -errno, "cannot make the control socket %s: %s", path, strerror(errno));
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN) {
		*ret_pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? 0 : peer.pid;
		return 1;
	}
	if (errno != ECONNREFUSED && errno != ENOENT)
		return fail(diag, -errno, "cannot tell whether a host answers at the control socket %s: %s",
			path, strerror(errno));
	return 0;
}

/* Remove a dead host's socket. 0 when the path is free now. */
static int clear_path(const struct sockaddr_un *address, struct xslot_diag *diag)
{
	const char *path = address->sun_path;
	int r = knock(address, &(pid_t){ 0 }, diag);

	if (r > 0)
		return fail(diag, -EADDRINUSE,
			"cannot make the control socket %s: another host answers there; stop it first or set another socket in the section [host]",
			path);
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(diag, -errno,
			"cannot remove the control socket %s that a dead host left behind: %s", path,
			strerror(errno));
	return 0;
}

/* Its folder, or the one in which that would be made. */
static int check_parent(const char *path, struct xslot_diag *diag)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *parent, *above;
	struct stat st;

	strcpy(copy, path);
	parent = dirname(copy);
	if (stat(parent, &st) == 0 && !S_ISDIR(st.st_mode))
		return fail(diag, -ENOTDIR, "cannot make the control socket %s: %s is not a folder", path,
			parent);
	if (access(parent, W_OK | X_OK) == 0)
		return trust_parent(path, diag);
	if (errno != ENOENT)
		return fail(diag, -errno, "cannot make the control socket %s in %s: %s", path, parent,
			strerror(errno));
	above = dirname(copy);
	if (access(above, W_OK | X_OK) == 0)
		return 0;
	return fail(
		diag, -errno, "cannot make the control socket's directory in %s: %s", above, strerror(errno));
}

/* The file that bind() made, and nothing that a link or another file of its name leads to. */
static int open_file(const char *path, int *ret_fd)
{
	CLEANUP(close) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return -ESTALE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* chmod() of what an O_PATH descriptor stands for: fchmodat2() is younger than our oldest kernel. */
static int change_mode(int fd, mode_t mode)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return chmod(name, mode) < 0 ? -errno : 0;
}

/*
 * A member of the group needs no capability to give the group a file of its own, CAP_CHOWN needs no
 * membership; either will do. Without both the group of the socket stays the host's own: safe, and said in
 * `ret_why`.
 */
static int give_to_group(int fd, struct xslot_diag *ret_why)
{
	const struct group *group;

	errno = 0;
	group = getgrnam(GROUP);
	if (!group &&
		(errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO || errno == EINTR))
		return fail(ret_why, -errno, "cannot look up the group " GROUP ": %s", strerror(errno));
	if (!group)
		return fail(
			ret_why, -ENOENT, "there is no group " GROUP ", whose members could read the status");
	if (fchownat(fd, "", (uid_t)-1, group->gr_gid, AT_EMPTY_PATH) < 0)
		return fail(ret_why, -errno,
			"cannot give it to the group " GROUP
			": %s; the host must be a member of that group (SupplementaryGroups=" GROUP
			" in its unit) or have CAP_CHOWN",
			strerror(errno));
	return 0;
}

static int guard(const char *path, struct listen_file *ret_file, struct listen_group *ret_group)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	r = open_file(path, &fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_file = (struct listen_file){ st.st_dev, st.st_ino };
	ret_group->error = give_to_group(fd, &ret_group->why);
	return change_mode(fd, 0660);
}

/* A bound socket, whose file only the owner can open as yet. */
static int bind_privately(const struct sockaddr_un *address, int *ret_fd)
{
	CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || fchmod(fd, 0600) < 0 ||
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int check_path(const char *path, struct xslot_diag *diag)
{
	if (path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return 0;
	return fail(diag, -EINVAL,
		"cannot make the control socket \"%s\": its path must be absolute and at most %zu characters long",
		path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
}

int listen_check(const char *path, pid_t *ret_pid, struct xslot_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r = check_path(path, diag);

	if (r < 0)
		return r;
	strcpy(address.sun_path, path);
	r = refuse_other_file(path, diag);
	if (r == 0)
		r = knock(&address, ret_pid, diag);
	return r ? r : check_parent(path, diag);
}

int listen_open(const char *path, int *ret_fd, struct listen_file *ret_file, struct listen_group *ret_group,
	struct xslot_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct listen_file file = {};
	CLEANUP(close) int fd = -1;
	int r;

	r = check_path(path, diag);
	if (r < 0)
		return r;
	strcpy(address.sun_path, path);
	r = make_parent(path, diag);
	if (!r)
		r = refuse_other_file(path, diag);
	if (!r)
		r = trust_parent(path, diag);
	if (!r)
		r = clear_path(&address, diag);
	if (r < 0)
		return r;
	r = bind_privately(&address, &fd);
	if (r < 0)
		return fail(diag, r, "cannot make the control socket %s: %s", path, PATH_REASON(path, r));
	r = guard(path, &file, ret_group);
	if (!r && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r < 0) {
		listen_remove(path, &file);
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
