/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bpffs answers EPERM for a name with a dot in it, for a folder that is not in a bpffs, and for missing
 * privileges, and its pins have no type. Each case gets its own sentence here.
 */
#include "extension/bpffs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

int bpffs_kind(int fd)
{
	char path[32], text[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	if (strstr(text, "bpf-prog"))
		return BPFFS_PROGRAM;
	if (strstr(text, "bpf-map"))
		return BPFFS_MAP;
	if (strstr(text, "bpf_link") || strstr(text, "bpf-link"))
		return BPFFS_LINK;
	return BPFFS_OTHER;
}

int bpffs_pin(int fd, const char *path, const char *what, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = NULL, *copy2 = NULL;
	const char *folder, *name;
	struct statfs fs;
	int error;

	if (bpf_obj_pin(fd, path) == 0)
		return 0;
	error = errno;
	copy = strdup(path);
	copy2 = strdup(path);
	if (!copy || !copy2)
		return fail(diag, -ENOMEM, "out of memory");
	folder = dirname(copy);
	name = basename(copy2);
	if (error == EEXIST)
		return fail(diag, -EEXIST, "cannot pin %s to %s: the path exists", what, path);
	if (statfs(folder, &fs) < 0)
		return fail(diag, -errno, "cannot pin %s to %s: folder %s: %s", what, path, folder,
			strerror(errno));
	if ((uint32_t)fs.f_type != BPF_FS_MAGIC)
		return fail(diag, -error,
			"cannot pin %s to %s: %s is not in a BPF file system (mount -t bpf bpf DIRECTORY)",
			what, path, folder);
	if (error == EPERM && strchr(name, '.'))
		return fail(diag, -EPERM, "cannot pin %s to %s: a BPF file system allows no dot in a name",
			what, path);
	return fail(diag, -error, "cannot pin %s to %s: %s", what, path, strerror(error));
}

int bpffs_open(const char *path, enum bpffs_kind kind, int *ret_fd, struct xslot_diag *diag)
{
	static const char *const names[] = {
		[BPFFS_OTHER] = "something else",
		[BPFFS_PROGRAM] = "a program",
		[BPFFS_MAP] = "a map",
		[BPFFS_LINK] = "a link",
	};
	CLEANUP(close) int fd = bpf_obj_get(path);
	struct statfs fs;
	int is;

	if (fd < 0) {
		int error = errno;

		if (statfs(path, &fs) == 0 && (uint32_t)fs.f_type != BPF_FS_MAGIC)
			return fail(diag, -EINVAL, "%s is not a pin: it is not in a BPF file system", path);
		return fail(diag, -error, "cannot open pin %s: %s", path, strerror(error));
	}
	is = bpffs_kind(fd);
	if (is < 0)
		return fail(diag, is, "cannot see what pin %s is: /proc/self/fd: %s", path, strerror(-is));
	if (is != (int)kind)
		return fail(diag, -EINVAL, "pin %s is %s, not %s", path, names[is], names[kind]);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
