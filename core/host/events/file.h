/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The file of events, lines of text that nothing here understands. Worker thread, or when it is gone. */
#ifndef HOST_EVENTS_FILE_H
#define HOST_EVENTS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "util/thread_role.h"

#define EVENTS_FILE_MAX (256 << 10) /* bytes; more is not read, and not written */

/*
 * What is in the file, to free; of a file that is too long its end. `ret_cut`: there was more. 0 and nothing
 * when there is no file; -errno.
 */
int events_file_read(const char *path, char **ret_text, size_t *ret_size, bool *ret_cut,
	struct xslot_diag *diag) ON_WORKER;

/* Append. What was written of it when it failed is a damaged line. Not on disk yet when this returns. */
int events_file_append(const char *path, const char *text, size_t size, struct xslot_diag *diag) ON_WORKER;

/* Replace all of it, at once; on disk when this returns. */
int events_file_replace(const char *path, const char *text, size_t size, struct xslot_diag *diag) ON_WORKER;

#endif
