/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The folders with plugins. */
#ifndef MODULE_MODDIR_H
#define MODULE_MODDIR_H

#include <stddef.h>
#include <xslot/diag.h>

#include "util/files.h"

/* A host-side search path, colon-separated: the first DIRECTORY/NAME.so that exists, a link to nothing
 * included. -ENOENT lists where it looked. */
int moddir_find(const struct files *files, const char *plugin_path, const char *name, char **ret_path,
	struct xslot_diag *diag);

/* Every *.so in the search path, sorted by name, the first of each name. Caller frees the strings and the
 * array. */
int moddir_list(const char *plugin_path, char ***ret_paths, size_t *ret_n, struct xslot_diag *diag);

/*
 * Refuse a file or directory that belongs to neither root nor us, or that others may write. `ret_real`: where
 * the links of `path` lead, which is what was looked at; caller frees.
 */
int moddir_trust(const char *path, char **ret_real, struct xslot_diag *diag);

#endif
