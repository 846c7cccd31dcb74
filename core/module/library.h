/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin file's bytes as a shared object in this process. For module/ only. */
#ifndef MODULE_LIBRARY_H
#define MODULE_LIBRARY_H

#include <stdbool.h>
#include <xslot/diag.h>

struct blob;
struct library;

/*
 * Map the bytes of `blob`, which were read from `path`: a private copy, or, with `in_place`, the file at
 * `path` itself. The file has to have the same bytes still, and is copied all the same when something is
 * mapped under its name already. Constructors run. To debuggers, dladdr() and libgcc the library is called
 * what `path` leads to. -ENOEXEC with the loader's reason, -EAGAIN when the file changed.
 */
int library_open(const struct blob *blob, const char *path, bool in_place, struct library **ret_library,
	struct xslot_diag *diag);
/* NULL when it exports no such symbol. */
const void *library_symbol(const struct library *library, const char *name);
void library_close(struct library *library); /* accepts NULL */

#endif
