/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Reading files that others may be writing. What a reader returns was complete at one moment, as far as the
 * kernel can show: no one had the file open for writing, or it stayed unchanged for STAMP_STILL. Everything
 * that one reader reads shares READER_PATIENCE; then it refuses (-EBUSY), and names the file. One thread.
 */
#ifndef UTIL_READER_H
#define UTIL_READER_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

#include "util/file.h"

#define READER_PATIENCE 2000000000ULL /* ns, from the first wait on */

struct sight;

struct reader {
	bool careful;	       /* refuse what others may write, see util/trust.h */
	bool hasty;	       /* nobody but the caller writes these files: nothing is watched */
	uint64_t patience_end; /* stamp_now(); 0: has not waited yet */
	struct sight *sights;  /* what was read */
	size_t n_sights;
};

/* Start with a zeroed one, except for the first two. Releases what it has; it can be used again. */
void reader_deinit(struct reader *reader);

/*
 * Read regular file `path` into a new blob, or `known` (may be NULL) once more when the file has its very
 * bytes. Refuses anything but a regular file before it opens it, and more than `max_size` bytes before it
 * reads them; a file that has other bytes than its size says, as those of /proc, is refused as well. The
 * sentence names the path.
 */
int reader_read(struct reader *reader, const char *path, size_t max_size, struct blob *known,
	struct blob **ret_blob, struct xslot_diag *diag);

/*
 * The names in folder `path` that `filter` takes, in order of bytes; none when there is no such folder.
 * Caller frees with reader_free_names().
 */
int reader_list(struct reader *reader, const char *path, int (*filter)(const struct dirent *entry),
	char ***ret_names, size_t *ret_n, struct xslot_diag *diag);
void reader_free_names(char **names, size_t n);

/*
 * When all is read: is all of it as it was? 0: yes, it was there together. -EAGAIN: something changed; forget
 * what was read, errors too, and read it all again. -EBUSY: the patience is over.
 */
int reader_settle(struct reader *reader, struct xslot_diag *diag);

/* One file alone, with a patience of its own, from anyone. */
int blob_read(const char *path, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag);

/* What comes from `fd`, a pipe for instance, up to its end; called `name` in the sentence. */
int blob_read_stream(
	int fd, const char *name, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag);

/* Only open it, for reading: nothing but a regular file. */
int regular_open(const char *path, int *ret_fd, struct xslot_diag *diag);

/* Has regular file `path`, which nobody writes, the bytes of `blob`? */
bool blob_is_at(const struct blob *blob, const char *path);

#endif
