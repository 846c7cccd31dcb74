/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bpffs is a small file system: folders, pins and rename, nothing else. The network namespace is part of the
 * path because XDP belongs to one, while many may share a bpffs; its inode number names it.
 */
#include "kernel/pindir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/path_reason.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

#define MARK "@netns"

struct pindir {
	char *root;
	int fd;
	bool locked;
	enum pindir_past past;
	char cookie[24]; /* the namespace's, in digits; "": this kernel has none */
};

DEFINE_CLEANUP(struct pindir *, pindir_close);
DEFINE_CLEANUP(DIR *, closedir);
DEFINE_CLEANUP(FILE *, endmntent);

int pindir_make(const char *path, struct xslot_diag *diag)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return fail(diag, -errno, "cannot make folder %s: %s", path, PATH_REASON(path, errno));
}

int pindir_check(const char *path, struct xslot_diag *diag)
{
	CLEANUP(free) char *part = strdup(path);
	struct statfs fs;

	if (!part)
		return fail(diag, -ENOMEM, "out of memory");
	while (statfs(part, &fs) < 0) {
		char *slash = strrchr(part, '/');

		if (errno != ENOENT || !slash || slash == part)
			return fail(diag, -errno, "cannot look at %s: %s", path, PATH_REASON(path, errno));
		*slash = 0;
	}
	if ((uint32_t)fs.f_type == BPF_FS_MAGIC)
		return 0;
	return fail(diag, -EINVAL,
		"[host] bpffs = %s is not in a BPF file system: mount one (mount -t bpf bpf /sys/fs/bpf); inside \"ip netns exec\", which mounts a fresh /sys, start it with \"nsenter --net=/run/netns/NAME\" instead",
		path);
}

int pindir_check_same(const struct pindir *pindir, struct xslot_diag *diag)
{
	struct stat ours, there;

	if (fstat(pindir->fd, &ours) < 0)
		return fail(diag, -errno, "cannot look at folder %s: %s", pindir->root, strerror(errno));
	if (stat(pindir->root, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
		return 0;
	return fail(diag, -ESTALE,
		"folder %s no longer is the one in which this host has its pins: another file system was mounted over it, or it was removed; unmount that file system (see findmnt), or restart xslotd",
		pindir->root);
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length] || length == 1);
}

bool pindir_hides(const char *bpffs, struct xslot_diag *ret_what)
{
	CLEANUP(endmntent) FILE *mounts = setmntent("/proc/self/mounts", "re");
	char folder[PATH_MAX] = "";
	struct mntent *mount;
	unsigned n = 0;

	/* In order: what is mounted later hides what is mounted at the same folder, or below it. */
	while (mounts && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "bpf") != 0 || !is_below(bpffs, mount->mnt_dir))
			continue;
		n++;
		snprintf(folder, sizeof(folder), "%s", mount->mnt_dir);
	}
	if (n < 2)
		return false;
	fail(ret_what, 0,
		"another BPF file system is mounted over the one with %s: the programs that are pinned there run, but cannot be seen or taken over; \"umount %s\" removes the upper one",
		bpffs, folder);
	return true;
}

static int lock(struct pindir *pindir, struct xslot_diag *diag)
{
	pindir->fd = open(pindir->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pindir->fd < 0)
		return fail(diag, -errno, "cannot open folder %s: %s", pindir->root, strerror(errno));
	if (flock(pindir->fd, LOCK_EX | LOCK_NB) == 0) {
		pindir->locked = true;
		return 0;
	}
	if (errno == EWOULDBLOCK)
		return fail(diag, -EBUSY,
			"another xslotd runs in this network namespace with bpffs folder %s; stop one of them, or give this one its own [host] bpffs and interfaces",
			pindir->root);
	return fail(diag, -errno, "cannot lock folder %s: %s", pindir->root, strerror(errno));
}

static char *mark_path(const struct pindir *pindir, const char *cookie)
{
	char *path;

	if (asprintf(&path, "%s/" MARK "%s%s", pindir->root, cookie[0] ? "/" : "", cookie) < 0)
		memory_out();
	return path;
}

/* Whose is it? No mark: an older version's, or a new folder. */
static int learn_past(struct pindir *pindir, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = mark_path(pindir, "");
	char **names = NULL;
	uint64_t cookie;
	size_t n = 0;
	int r;

	r = netns_cookie(&cookie);
	if (r < 0)
		return fail(diag, r, "cannot ask for this network namespace's cookie: %s", strerror(-r));
	if (r == 0) {
		pindir->past = PINDIR_UNKNOWN;
		return 0;
	}
	snprintf(pindir->cookie, sizeof(pindir->cookie), "%llu", (unsigned long long)cookie);
	r = pindir_list(path, &names, &n, diag);
	pindir->past = n > 0 ? PINDIR_ANOTHERS : PINDIR_OURS;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], pindir->cookie) == 0)
			pindir->past = PINDIR_OURS;
	}
	pindir_list_free(names, n);
	return r;
}

enum pindir_past pindir_past(const struct pindir *pindir)
{
	return pindir->past;
}

int pindir_mark(struct pindir *pindir, struct xslot_diag *diag)
{
	CLEANUP(free) char *folder = mark_path(pindir, ""), *path = mark_path(pindir, pindir->cookie);
	char **names = NULL;
	size_t n = 0;
	int r;

	if (!pindir->cookie[0])
		return 0;
	r = pindir_make(folder, diag);
	if (r == 0)
		r = pindir_make(path, diag);
	if (r == 0)
		r = pindir_list(folder, &names, &n, diag);
	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *other = mark_path(pindir, names[i]);

		if (strcmp(other, path) != 0)
			r = pindir_remove(other, diag);
	}
	pindir_list_free(names, n);
	if (r == 0)
		pindir->past = PINDIR_OURS;
	return r;
}

int pindir_cookie(const char *root, uint64_t *ret_cookie)
{
	const struct pindir there = { .root = (char *)root };
	CLEANUP(free) char *path = mark_path(&there, "");
	char **names = NULL;
	size_t n = 0;
	int r;

	r = pindir_list(path, &names, &n, NULL);
	if (r == 0 && n == 1) /* two: a mark was being changed */
		*ret_cookie = strtoull(names[0], NULL, 10);
	pindir_list_free(names, n);
	return r < 0 ? r : n == 1;
}

int pindir_open_another(const char *root, struct pindir **ret_pindir, struct xslot_diag *diag)
{
	CLEANUP(pindir_close) struct pindir *pindir = calloc(1, sizeof(*pindir));
	int r;

	if (!pindir)
		return fail(diag, -ENOMEM, "out of memory");
	pindir->fd = -1;
	pindir->past = PINDIR_ANOTHERS;
	pindir->root = strdup(root);
	if (!pindir->root)
		return fail(diag, -ENOMEM, "out of memory");
	r = lock(pindir, diag);
	if (r == 0)
		*ret_pindir = TAKE_PTR(pindir);
	return r;
}

static int find_root(struct pindir *pindir, const char *bpffs, struct xslot_diag *diag)
{
	uint64_t inode;
	int r = pindir_check(bpffs, diag);

	if (r < 0)
		return r;
	r = netns_inode(&inode);
	if (r < 0)
		return fail(diag, r, "cannot look at this network namespace: %s", strerror(-r));
	if (asprintf(&pindir->root, "%s/%llu", bpffs, (unsigned long long)inode) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	return 0;
}

int pindir_look(const char *bpffs, struct pindir **ret_pindir, struct xslot_diag *diag)
{
	CLEANUP(pindir_close) struct pindir *pindir = calloc(1, sizeof(*pindir));
	int r;

	if (!pindir)
		return fail(diag, -ENOMEM, "out of memory");
	pindir->fd = -1;
	r = find_root(pindir, bpffs, diag);
	if (r == 0)
		r = learn_past(pindir, diag);
	if (r == 0)
		*ret_pindir = TAKE_PTR(pindir);
	return r;
}

int pindir_open(const char *bpffs, struct pindir **ret_pindir, struct xslot_diag *diag)
{
	CLEANUP(pindir_close) struct pindir *pindir = calloc(1, sizeof(*pindir));
	int r;

	if (!pindir)
		return fail(diag, -ENOMEM, "out of memory");
	pindir->fd = -1;
	r = find_root(pindir, bpffs, diag);
	if (r == 0)
		r = pindir_make(bpffs, diag);
	if (r == 0)
		r = pindir_make(pindir->root, diag);
	if (r == 0)
		r = lock(pindir, diag);
	if (r == 0)
		r = learn_past(pindir, diag);
	if (r == 0)
		*ret_pindir = TAKE_PTR(pindir);
	return r;
}

/* But for the mark. */
static void remove_if_empty(const struct pindir *pindir)
{
	CLEANUP(free) char *mark = mark_path(pindir, "");
	char **names = NULL;
	size_t n = 0;

	if (pindir_list(pindir->root, &names, &n, NULL) == 0 && n == 0 && pindir_remove(mark, NULL) == 0)
		rmdir(pindir->root);
	pindir_list_free(names, n);
}

void pindir_close(struct pindir *pindir)
{
	if (!pindir)
		return;
	if (pindir->locked)
		remove_if_empty(pindir);
	if (pindir->fd >= 0)
		close(pindir->fd);
	free(pindir->root);
	free(pindir);
}

const char *pindir_root(const struct pindir *pindir)
{
	return pindir->root;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int pindir_list(const char *path, char ***ret_names, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(closedir) DIR *dir = opendir(path);
	struct dirent *entry;
	char **names = NULL;
	size_t n = 0;

	if (!dir && errno != ENOENT)
		return fail(diag, -errno, "cannot read folder %s: %s", path, strerror(errno));
	while (dir && (errno = 0, entry = readdir(dir))) {
		char **more;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, MARK) == 0)
			continue;
		more = reallocarray(names, n + 1, sizeof(*names));
		if (more)
			names = more;
		if (!more || !(names[n] = strdup(entry->d_name))) {
			pindir_list_free(names, n);
			return fail(diag, -ENOMEM, "out of memory");
		}
		n++;
	}
	if (dir && errno) {
		int error = -errno;

		pindir_list_free(names, n);
		return fail(diag, error, "cannot read folder %s: %s", path, strerror(-error));
	}
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

void pindir_list_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}

int pindir_remove(const char *path, struct xslot_diag *diag)
{
	int r = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	if (r == 0 || (r == -1 && errno == ENOENT))
		return 0;
	r = r == -1 ? -errno : r;
	return fail(diag, r, "cannot remove %s: %s", path, strerror(-r));
}
