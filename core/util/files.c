/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Two slots that name the same file must get the same bytes, even if someone writes it in between; and a copy
 * of a configuration is only useful if it is made of the very bytes that were loaded. So all readers of a
 * transaction share one memory of what was read.
 */
#include "util/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct blob *, blob_free);

struct files *files_new(const char *root)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->reader.careful = true;
	files->root = root ? strdup(root) : NULL;
	if (!root || files->root)
		return files;
	free(files);
	return NULL;
}

void files_trust_all(struct files *files)
{
	files->reader.careful = false;
	files->reader.hasty = true;
}

static void forget(struct files *files)
{
	for (size_t i = 0; i < files->n_entries; i++) {
		blob_free(files->entries[i].blob);
		free(files->entries[i].path);
	}
	free(files->entries);
	files->entries = NULL;
	files->n_entries = 0;
	reader_deinit(&files->reader);
}

void files_free(struct files *files)
{
	if (!files)
		return;
	forget(files);
	free(files->root);
	free(files);
}

char *files_mirror(const char *path)
{
	CLEANUP(free) char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	CLEANUP(free) char *copy = strdup(path);
	char *rest = copy, *part, *mirror = NULL;
	size_t size;
	FILE *out = copy && (here || *path == '/') ? open_memstream(&mirror, &size) : NULL;

	if (!out)
		return NULL;
	if (here && here[1])
		fputs(here, out);
	while ((part = strsep(&rest, "/"))) {
		if (*part)
			fprintf(out, "/%s", strcmp(part, "..") == 0 ? "..." : part);
	}
	if (fclose(out) == 0)
		return mirror;
	free(mirror);
	return NULL;
}

char *files_path(const struct files *files, const char *path)
{
	CLEANUP(free) char *mirror = NULL;
	char *real;

	if (!files || !files->root)
		return strdup(path);
	mirror = files_mirror(path);
	if (!mirror || asprintf(&real, "%s%s", files->root, mirror) < 0)
		return NULL;
	return real;
}

static struct files_entry *find(const struct files *files, const char *path)
{
	for (size_t i = 0; files && i < files->n_entries; i++) {
		if (strcmp(files->entries[i].path, path) == 0)
			return &files->entries[i];
	}
	return NULL;
}

const struct blob *files_find(const struct files *files, const char *path)
{
	const struct files_entry *known = find(files, path);

	return known ? known->blob : NULL;
}

int files_put(struct files *files, const char *path, struct blob *blob, struct xslot_diag *diag)
{
	const struct files_entry *known = find(files, path);
	struct files_entry *entries;
	char *copy;

	if (!files)
		return 0;
	if (known && !blob_equal(known->blob, blob))
		return fail(diag, -ESTALE, "%s was written while it was read; try again", path);
	if (known)
		return 0;
	entries = reallocarray(files->entries, files->n_entries + 1, sizeof(*files->entries));
	if (entries)
		files->entries = entries;
	copy = strdup(path);
	if (!entries || !copy) {
		free(copy);
		return fail(diag, -ENOMEM, "cannot remember %s: out of memory", path);
	}
	files->entries[files->n_entries++] = (struct files_entry){ copy, blob_ref(blob) };
	return 0;
}

int files_look(struct files *files, const char *path, size_t max_size, struct blob *known,
	struct blob **ret_blob, struct xslot_diag *diag)
{
	CLEANUP(free) char *real = files_path(files, path);

	if (!real)
		return fail(diag, -ENOMEM, "cannot read %s: out of memory", path);
	if (!files)
		return blob_read(real, max_size, ret_blob, diag);
	return reader_read(&files->reader, real, max_size, known, ret_blob, diag);
}

int files_read(struct files *files, const char *path, size_t max_size, struct blob **ret_blob,
	struct xslot_diag *diag)
{
	const struct files_entry *known = find(files, path);
	CLEANUP(blob_free) struct blob *blob = NULL;
	int r;

	if (known && known->blob->size <= max_size) {
		*ret_blob = blob_ref(known->blob);
		return 0;
	}
	r = files_look(files, path, max_size, NULL, &blob, diag);
	if (r == 0)
		r = files_put(files, path, blob, diag);
	if (r == 0)
		*ret_blob = TAKE_PTR(blob);
	return r;
}

int files_list(struct files *files, const char *path, int (*filter)(const struct dirent *entry),
	char ***ret_names, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(free) char *real = files_path(files, path);
	struct reader plain = {};
	int r;

	if (!real)
		return fail(diag, -ENOMEM, "cannot list %s: out of memory", path);
	r = reader_list(files ? &files->reader : &plain, real, filter, ret_names, ret_n, diag);
	reader_deinit(&plain);
	return r;
}

int files_settle(struct files *files, struct xslot_diag *diag)
{
	int r = reader_settle(&files->reader, diag);

	if (r < 0)
		forget(files);
	else
		reader_deinit(&files->reader);
	return r;
}
