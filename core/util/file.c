/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin or a rules file may be rewritten after we looked at it. What is checked must be what is used, so
 * every file is read once into a sealed memfd. Two files are the same when their bytes are; no digest is
 * needed to know that.
 */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct blob *, blob_free);

int blob_begin(const char *name, struct blob **ret_blob)
{
	struct blob *blob = calloc(1, sizeof(*blob));

	if (!blob)
		return -ENOMEM;
	blob->refs = 1;
	blob->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (blob->fd < 0) {
		free(blob);
		return -errno;
	}
	*ret_blob = blob;
	return 0;
}

int blob_add(struct blob *blob, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = write(blob->fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int blob_map(struct blob *blob, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	blob->size = (size_t)st.st_size;
	if (blob->size == 0)
		return 0;
	blob->data = mmap(NULL, blob->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (blob->data == MAP_FAILED) {
		blob->data = NULL;
		return -errno;
	}
	return 0;
}

static int seal(int fd)
{
	int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int blob_end(struct blob *blob)
{
	int r = seal(blob->fd);

	if (r == 0)
		r = blob_map(blob, blob->fd);
	if (r == 0)
		close(TAKE_FD(blob->fd));
	return r;
}

int blob_copy(
	const char *name, const void *data, size_t size, struct blob **ret_blob, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r;

	r = blob_begin(name, &blob);
	if (r == 0)
		r = blob_add(blob, data, size);
	if (r == 0)
		r = blob_end(blob);
	if (r < 0)
		return fail(diag, r, "cannot copy %s into memory: %s", name, strerror(-r));
	*ret_blob = TAKE_PTR(blob);
	return 0;
}

int blob_receive(int fd, struct blob **ret_blob)
{
	struct blob *blob = calloc(1, sizeof(*blob));
	int r;

	if (!blob)
		return -ENOMEM;
	blob->refs = 1;
	blob->fd = -1;
	r = blob_map(blob, fd);
	if (r < 0) {
		free(blob);
		return r;
	}
	*ret_blob = blob;
	return 0;
}

int blob_open(const struct blob *blob, const char *name, int *ret_fd)
{
	CLEANUP(blob_free) struct blob *copy = NULL;
	int r;

	r = blob_begin(name, &copy);
	if (r == 0)
		r = blob_add(copy, blob->data, blob->size);
	if (r == 0)
		r = seal(copy->fd);
	if (r == 0)
		*ret_fd = TAKE_FD(copy->fd);
	return r;
}

int blob_equal(const struct blob *a, const struct blob *b)
{
	if (a == b)
		return 1;
	if (!a || !b)
		return 0;
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

struct blob *blob_ref(struct blob *blob)
{
	blob->refs++;
	return blob;
}

void blob_free(struct blob *blob)
{
	if (!blob || --blob->refs > 0)
		return;
	if (blob->data)
		munmap(blob->data, blob->size);
	if (blob->fd >= 0)
		close(blob->fd);
	free(blob);
}
