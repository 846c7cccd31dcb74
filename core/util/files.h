/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The files that make one configuration: remembered as they are read, so that exactly these bytes can be
 * kept, and read from a copy of the machine's tree as well as from the machine. One thread.
 */
#ifndef UTIL_FILES_H
#define UTIL_FILES_H

#include <stddef.h>
#include <xslot/diag.h>

#include "util/file.h"
#include "util/reader.h"

struct files_entry {
	char *path;	   /* as it was named */
	struct blob *blob; /* counted */
};

struct files {
	char *root; /* a folder that mirrors the machine's paths, see files_mirror(); NULL: the machine */
	struct reader reader;
	struct files_entry *entries;
	size_t n_entries;
};

/*
 * `root` is copied. NULL when out of memory. What others may write is refused, see util/trust.h, unless one
 * says files_trust_all().
 */
struct files *files_new(const char *root);
void files_trust_all(struct files *files); /* for tools of a user who writes and owns the files */
void files_free(struct files *files);	   /* accepts NULL */

/* Where `path` really is. Caller frees; NULL: out of memory. `files` NULL here and below: the machine's,
 * nothing is remembered. */
char *files_path(const struct files *files, const char *path);

/* As reader_read(); each path is read once, whoever asks for it how often. The blob is counted. */
int files_read(struct files *files, const char *path, size_t max_size, struct blob **ret_blob,
	struct xslot_diag *diag);

/* The same from the disk, whatever is remembered, and nothing is; or `known`, as reader_read() does. */
int files_look(struct files *files, const char *path, size_t max_size, struct blob *known,
	struct blob **ret_blob, struct xslot_diag *diag);

/* As reader_list(), of folder `path` as it is named. */
int files_list(struct files *files, const char *path, int (*filter)(const struct dirent *entry),
	char ***ret_names, size_t *ret_n, struct xslot_diag *diag);

/* As reader_settle(). Nothing is remembered any more when it fails: begin again, or give up. */
int files_settle(struct files *files, struct xslot_diag *diag);

/* What is remembered of `path`; NULL: nothing. */
const struct blob *files_find(const struct files *files, const char *path);

/* Remember what the caller read from `path` itself. -ESTALE when other bytes are remembered. */
int files_put(struct files *files, const char *path, struct blob *blob, struct xslot_diag *diag);

/*
 * Where a copy of `path` lies below a root: made absolute, with `...` for every `..`, so that nothing leaves
 * the root. Begins with a slash. Caller frees. NULL: out of memory, or where we are cannot be told.
 */
char *files_mirror(const char *path);

#endif
