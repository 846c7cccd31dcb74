/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin or a rules file may be rewritten while we look at it. What is checked must be what is used, so
 * every file is read once into a sealed memfd. Two files are the same when their bytes are; no digest is
 * needed to know that.
 */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct blob *, blob_free);

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int copy_fd(int from, int to)
{
	uint8_t buffer[65536];

	for (;;) {
		ssize_t n = read(from, buffer, sizeof(buffer));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = write_all(to, buffer, (size_t)n);
		if (r < 0)
			return r;
	}
}

static int blob_new(const char *name, struct blob **ret_blob)
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

static int blob_map(struct blob *blob)
{
	struct stat st;

	if (fstat(blob->fd, &st) < 0)
		return -errno;
	blob->size = (size_t)st.st_size;
	if (blob->size == 0)
		return 0;
	blob->data = mmap(NULL, blob->size, PROT_READ, MAP_PRIVATE, blob->fd, 0);
	if (blob->data == MAP_FAILED) {
		blob->data = NULL;
		return -errno;
	}
	return 0;
}

static int blob_seal(struct blob *blob)
{
	if (fcntl(blob->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return blob_map(blob);
}

static bool fd_has_bytes(int fd, const struct blob *blob)
{
	uint8_t buffer[65536];
	size_t at = 0;
	ssize_t n;

	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 || (size_t)n > blob->size - at ||
			(n > 0 && memcmp(blob->data + at, buffer, (size_t)n) != 0))
			break;
		at += (size_t)n;
	} while (n > 0);
	return n == 0 && at == blob->size;
}

int blob_read(const char *path, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag)
{
	return blob_read_again(path, max_size, NULL, ret_blob, diag);
}

int blob_read_again(const char *path, size_t max_size, struct blob *known, struct blob **ret_blob,
	struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	CLEANUP(close) int fd = -1;
	const char *base = strrchr(path, '/');
	struct stat st;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail(diag, -errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		return fail(diag, -errno, "cannot stat %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(diag, -EINVAL, "%s is not a regular file", path);
	if ((uint64_t)st.st_size > max_size)
		return fail(diag, -EFBIG, "%s has %llu bytes, more than the %zu that are read", path,
			(unsigned long long)st.st_size, max_size);
	if (known && (size_t)st.st_size == known->size && fd_has_bytes(fd, known)) {
		*ret_blob = blob_ref(known);
		return 0;
	}
	r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : blob_new(base ? base + 1 : path, &blob);
	if (r == 0)
		r = copy_fd(fd, blob->fd);
	if (r == 0)
		r = blob_seal(blob);
	if (r < 0)
		return fail(diag, r, "cannot read %s into memory: %s", path, strerror(-r));
	*ret_blob = TAKE_PTR(blob);
	return 0;
}

int blob_copy(
	const char *name, const void *data, size_t size, struct blob **ret_blob, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r;

	r = blob_new(name, &blob);
	if (r == 0)
		r = write_all(blob->fd, data, size);
	if (r == 0)
		r = blob_seal(blob);
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
	blob->fd = fd;
	r = blob_map(blob);
	if (r < 0) {
		free(blob);
		return r;
	}
	*ret_blob = blob;
	return 0;
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
