/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin file's table of commands. For module/ only. */
#ifndef MODULE_COMMANDS_H
#define MODULE_COMMANDS_H

#include "module/descriptor.h"

/* Read and check all rows of `source`, each of `row_size` bytes; -ENOEXEC or -EPROTONOSUPPORT and a sentence.
 */
int commands_read(const struct descriptor_source *source, size_t row_size, const char *path,
	struct descriptor *ret, struct xslot_diag *diag);

#endif
