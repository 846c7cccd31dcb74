/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a plugin file says about itself, read as data. For module/ only. */
#ifndef MODULE_DESCRIBE_H
#define MODULE_DESCRIBE_H

#include <stddef.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

struct blob;

/*
 * Check the ELF file in `blob` and copy its descriptor, in today's layout, with all pointers NULL. `path` is
 * for messages, and its last component without ".so" must be the plugin's name.
 */
int describe_blob(
	const struct blob *blob, const char *path, struct xslot_plugin *ret_plugin, struct xslot_diag *diag);

/* Is `name` one that a plugin may bear: a C identifier in lower case? */
int describe_name_valid(const char *name);

#endif
