/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Bytes that do not change while we use them, such as a file's: see util/reader.h. */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

/*
 * A private copy: a sealed memfd, mapped read-only. No descriptor is open once it is made.
 * Counted, for one thread at a time.
 */
struct blob {
	unsigned refs;
	int fd;	       /* -1 once it is made */
	uint8_t *data; /* NULL when size is 0 */
	size_t size;
};

/* Made bit by bit: begin, add, end; until then only blob_free() may be called besides. 0 or -errno. */
int blob_begin(const char *name, struct blob **ret_blob); /* `name` is the memfd's, for /proc */
int blob_add(struct blob *blob, const void *data, size_t size);
int blob_end(struct blob *blob);
/* A blob that holds a copy of `size` bytes; `name` is the memfd's, for /proc. */
int blob_copy(
	const char *name, const void *data, size_t size, struct blob **ret_blob, struct xslot_diag *diag);
/* What another process made so and sent; `fd` stays the caller's. -errno. */
int blob_receive(int fd, struct blob **ret_blob);
/* The same bytes once more as a file, a sealed memfd; the caller's to close. -errno. */
int blob_open(const struct blob *blob, const char *name, int *ret_fd);
int blob_equal(const struct blob *a, const struct blob *b);
struct blob *blob_ref(struct blob *blob);
void blob_free(struct blob *blob); /* lets go of one reference; accepts NULL */

#endif
