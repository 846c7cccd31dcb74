/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a plugin file says about itself, read as data. For module/ only. */
#ifndef MODULE_DESCRIBE_H
#define MODULE_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "module/descriptor.h"

struct blob;

/* What a file has beside its descriptor, for reading it again where it is mapped. */
struct description {
	size_t plugin_size;
	size_t params_size;   /* 0: it has no parameters of ABI 2 or later */
	size_t commands_size; /* 0: it has no commands */
	bool object;
};

/*
 * Check the ELF file in `blob` and copy its descriptor, with all pointers NULL. `path` is for messages, and
 * its last component without ".so" must be the plugin's name. `ret` may be NULL.
 */
int describe_blob(const struct blob *blob, const char *path, struct descriptor *ret_plugin,
	struct description *ret, struct xslot_diag *diag);

/* Is `name` one that a plugin may bear: a C identifier in lower case? */
int describe_name_valid(const char *name);

#endif
