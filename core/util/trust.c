/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Anyone who can write a file that the host reads decides what the host does: a plugin runs as the host, a
 * rules file decides which packets pass. So one rule holds for them all. The file and its folder are checked
 * after links were followed; the folders above are the responsibility of the operator, who configures the
 * path.
 */
#include "util/trust.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/path_reason.h"

static int refuse_mode(const char *path, const struct stat *st, struct xslot_diag *diag)
{
	return fail(diag, -EPERM, "%s is writable by %s (mode %04o): chmod go-w it", path,
		st->st_mode & S_IWOTH ? "everybody" : "its group", st->st_mode & 07777);
}

static int trust_owner(const char *path, const struct stat *st, struct xslot_diag *diag)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(diag, -EPERM,
			"%s belongs to user %u, who could change what the host does: chown it to root", path,
			st->st_uid);
	return 0;
}

int trust_stat(const char *path, const struct stat *st, struct xslot_diag *diag)
{
	int r = trust_owner(path, st, diag);

	return r == 0 && st->st_mode & (S_IWGRP | S_IWOTH) ? refuse_mode(path, st, diag) : r;
}

int trust_folder(const char *real, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(real);
	const char *folder;
	struct stat st;
	int r;

	if (!copy)
		return fail(diag, -ENOMEM, "out of memory");
	folder = dirname(copy);
	if (stat(folder, &st) < 0)
		return fail(diag, -errno, "cannot look at %s: %s", folder, PATH_REASON(folder, errno));
	r = trust_owner(folder, &st, diag);
	if (r == 0 && st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
		r = refuse_mode(folder, &st, diag);
	return r < 0 ? fail_within(diag, r, "%s cannot be trusted", real) : 0;
}
