/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether a file on disk may decide what the host does. */
#ifndef UTIL_TRUST_H
#define UTIL_TRUST_H

#include <sys/stat.h>
#include <xslot/diag.h>

/*
 * Refuse (-EPERM) what belongs to neither root nor us, or what others may write. `st` is of `path`.
 */
int trust_stat(const char *path, const struct stat *st, struct xslot_diag *diag);

/*
 * The same of the folder that `real`, a path without links, lies in. One with the sticky bit will do here,
 * such as /tmp, in which nobody can replace our files: for who looks for one name in it, and believes a file
 * only when it passes trust_stat().
 */
int trust_folder(const char *real, struct xslot_diag *diag);

#endif
