/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whole files as bytes that do not change under us. */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

/*
 * A private copy of a file: a sealed memfd, mapped read-only. The fd stays open as long as the blob lives.
 * Counted, for one thread at a time.
 */
struct blob {
	unsigned refs;
	int fd;
	uint8_t *data; /* NULL when size is 0 */
	size_t size;
};

/*
 * Read regular file `path` into a new blob. Refuses directories, devices and files over `max_size` bytes
 * (checked before anything is read, and sparse files count at their full size). The sentence names the path.
 */
int blob_read(const char *path, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag);
/*
 * The same, but `known` once more when the file has its very bytes: nothing is copied then. NULL: as
 * blob_read().
 */
int blob_read_again(const char *path, size_t max_size, struct blob *known, struct blob **ret_blob,
	struct xslot_diag *diag);
/* A blob that holds a copy of `size` bytes; `name` is the memfd's, for /proc. */
int blob_copy(
	const char *name, const void *data, size_t size, struct blob **ret_blob, struct xslot_diag *diag);
/* What another process made so and sent: `fd` becomes the blob's when this succeeds. -errno. */
int blob_receive(int fd, struct blob **ret_blob);
int blob_equal(const struct blob *a, const struct blob *b);
struct blob *blob_ref(struct blob *blob);
void blob_free(struct blob *blob); /* lets go of one reference; accepts NULL */

#endif
