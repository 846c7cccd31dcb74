/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Copies of the files of one configuration, at their own paths below a folder. See statedir.h. */
#ifndef HOST_KEPT_SNAPSHOT_H
#define HOST_KEPT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <xslot/diag.h>

#include "util/files.h"
#include "util/thread_role.h"

/* Has the snapshot at `root` exactly these files, with these bytes? */
bool snapshot_same(const char *root, const struct files *files);

/*
 * Make the folder `root` with copies of all `files`, and bring it to disk. What the snapshot at `base` (NULL:
 * none) has alike is shared with it. What stood at `root` is removed, and all of it after a failure.
 */
int snapshot_write(const char *root, const struct files *files, const char *base, struct xslot_diag *diag)
	ON_WORKER;

void snapshot_remove(const char *root) ON_WORKER;

/* A new file with these bytes, on disk as far as its own content goes. -errno. */
int snapshot_write_file(const char *path, const void *data, size_t size);
/* The folders above `path`, as far as they are missing. -errno. */
int snapshot_make_parents(const char *path, mode_t mode);

#endif
