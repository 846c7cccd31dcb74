/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host that closes what it pinned has its name only, and bpffs is open to others: a pin may be gone, or be
 * another object's. So the id is compared, which the kernel gives once; and what cannot be asked, for want of
 * a descriptor or a privilege, is not called gone.
 */
#include "kernel/pinned.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

static int removed(const char *path, const struct pinned *pinned, struct xslot_diag *diag)
{
	return fail(diag, -ENOENT,
		"cannot open pin %s of the running instance: someone removed it; \"bpftool %s pin id %u %s\" puts it back",
		path, pinned->kind == BPFFS_MAP ? "map" : "prog", pinned->id, path);
}

static int replaced(const char *path, const struct pinned *pinned, struct xslot_diag *diag)
{
	return fail(diag, -ESTALE,
		"pin %s is not that of the running instance, which has id %u: someone replaced it", path,
		pinned->id);
}

/* Only an answer from the file system that it is not there means that. */
static int open_failed(const char *folder, const struct pinned *pinned, int error, struct xslot_diag *diag)
{
	CLEANUP(free) char *now = realpath(folder, NULL);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", now ?: folder, pinned->name);
	if (error == -EINVAL || error == -ESTALE)
		return replaced(path, pinned, diag);
	if (error == -ENOENT && access(folder, F_OK) < 0 && errno == ENOENT)
		return fail(diag, error,
			"cannot open pin %s of the running instance: someone removed its folder",
			pinned->name);
	if (error == -ENOENT)
		return removed(path, pinned, diag);
	return fail(diag, error, "cannot open pin %s of the running instance: %s", path, strerror(-error));
}

int pinned_id(int fd, enum bpffs_kind kind, uint32_t *ret_id)
{
	bool is_map = kind == BPFFS_MAP;
	struct bpf_prog_info program = {};
	struct bpf_map_info map = {};
	uint32_t size = is_map ? sizeof(map) : sizeof(program);
	int r = bpf_obj_get_info_by_fd(fd, is_map ? (void *)&map : (void *)&program, &size);

	if (r < 0)
		return r;
	*ret_id = is_map ? map.id : program.id;
	return 0;
}

static int check_id(int fd, const struct pinned *pinned)
{
	uint32_t id;
	int r = pinned_id(fd, pinned->kind, &id);

	return r == 0 && id != pinned->id ? -ESTALE : r;
}

int pinned_open(const char *folder, const struct pinned *pinned, int *ret_fd, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = NULL;
	CLEANUP(close) int fd = -1;
	int r;

	if (!folder)
		return fail(diag, -ENOENT, "cannot open pin %s: it is pinned nowhere", pinned->name);
	if (asprintf(&path, "%s/%s", folder, pinned->name) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	r = bpffs_open(path, pinned->kind, &fd, NULL);
	if (r == 0)
		r = check_id(fd, pinned);
	if (r < 0)
		return open_failed(folder, pinned, r, diag);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
