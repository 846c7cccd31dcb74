/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where plugins are, and whether to trust the files there. A plugin runs as the host does, as root: so only
 * root, or the user that the host runs as, may own it or be able to replace it. The file and its directory
 * are checked after following links; the directories above are the responsibility of the operator, who
 * configures the search path.
 */
#include "module/moddir.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "module/describe.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/path_reason.h"
#include "util/trust.h"

static void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Paths that moddir_list collects: one a name, the first that is found. */
struct found {
	char **paths;
	size_t n;
};

static void found_clear(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->paths[i]);
	free(found->paths);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static int check_one(const char *path, struct stat *st, struct xslot_diag *diag)
{
	if (stat(path, st) < 0)
		return fail(diag, -errno, "cannot look at %s: %s", path, strerror(errno));
	return trust_stat(path, st, diag);
}

int moddir_trust(const char *path, char **ret_real, struct xslot_diag *diag)
{
	CLEANUP(free) char *real = realpath(path, NULL), *directory = NULL;
	struct stat st;
	int r;

	if (!real)
		return fail(diag, -errno, "cannot look at %s: %s", path, PATH_REASON(path, errno));
	r = check_one(real, &st, diag);
	if (r < 0)
		return r;
	if (!S_ISDIR(st.st_mode)) {
		directory = strdup(real);
		if (!directory)
			return fail(diag, -ENOMEM, "out of memory");
		r = check_one(dirname(directory), &st, diag);
		if (r < 0)
			return fail_within(diag, r, "%s cannot be trusted", path);
	}
	*ret_real = TAKE_PTR(real);
	return 0;
}

/* Add every NAME.so of `directory`; one that is not there is not an error, as with $PATH. */
static int add_directory(struct found *found, const char *directory, struct xslot_diag *diag)
{
	__attribute__((cleanup(cleanup_closedir))) DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return fail(diag, -errno, "cannot read the plugin directory %s: %s", directory,
			PATH_REASON(directory, errno));
	while ((errno = 0, entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		bool known = false;
		char **paths;

		if (length < 4 || strcmp(entry->d_name + length - 3, ".so") != 0)
			continue;
		for (size_t i = 0; i < found->n; i++)
			known |= strcmp(base_name(found->paths[i]), entry->d_name) == 0;
		if (known)
			continue;
		paths = reallocarray(found->paths, found->n + 1, sizeof(*paths));
		if (!paths)
			return fail(diag, -ENOMEM, "out of memory");
		found->paths = paths;
		if (asprintf(&paths[found->n], "%s/%s", directory, entry->d_name) < 0)
			return fail(diag, -ENOMEM, "out of memory");
		found->n++;
	}
	if (errno)
		return fail(
			diag, -errno, "cannot read the plugin directory %s: %s", directory, strerror(errno));
	return 0;
}

int moddir_list(const char *plugin_path, char ***ret_paths, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(plugin_path);
	struct found found = {};
	char *rest = copy, *directory;
	int r = copy ? 0 : fail(diag, -ENOMEM, "out of memory");

	while (r == 0 && (directory = strsep(&rest, ":")))
		if (*directory)
			r = add_directory(&found, directory, diag);
	if (r < 0) {
		found_clear(&found);
		return r;
	}
	if (found.n > 0)
		qsort(found.paths, found.n, sizeof(*found.paths), compare_names);
	*ret_paths = found.paths;
	*ret_n = found.n;
	return 0;
}

/* "acl, count": what there is, for the sentence that says what there is not. */
static void list_names(const char *plugin_path, char *text, size_t size)
{
	struct found found = {};
	size_t used = 0;

	text[0] = 0;
	if (moddir_list(plugin_path, &found.paths, &found.n, NULL) < 0)
		return;
	for (size_t i = 0; i < found.n && used < size; i++) {
		const char *name = base_name(found.paths[i]);

		used += (size_t)snprintf(
			text + used, size - used, "%s%.*s", i ? ", " : "", (int)strlen(name) - 3, name);
	}
	found_clear(&found);
}

int moddir_find(const struct files *files, const char *plugin_path, const char *name, char **ret_path,
	struct xslot_diag *diag)
{
	CLEANUP(free) char *copy = strdup(plugin_path);
	char *rest = copy, *directory, names[512];
	struct stat st;

	if (!copy)
		return fail(diag, -ENOMEM, "out of memory");
	if (!describe_name_valid(name))
		return fail(diag, -EINVAL,
			"\"%s\" cannot be a plugin: a name is a-z, 0-9 and _, and begins with a letter",
			name);
	while ((directory = strsep(&rest, ":"))) {
		CLEANUP(free) char *path = NULL, *real = NULL;

		if (!*directory)
			continue;
		if (asprintf(&path, "%s/%s.so", directory, name) < 0) {
			path = NULL;
			return fail(diag, -ENOMEM, "out of memory");
		}
		real = files_path(files, path);
		if (!real)
			return fail(diag, -ENOMEM, "out of memory");
		/* A link to nothing too: to go on to another directory's plugin would be a guess. */
		if (lstat(real, &st) == 0) {
			*ret_path = TAKE_PTR(path);
			return 0;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			return fail(diag, -errno, "cannot look for plugin %s at %s: %s", name, real,
				strerror(errno));
	}
	if (files && files->root)
		return fail(diag, -ENOENT, "there is no plugin %s: %s.so in %s has no copy in %s", name, name,
			plugin_path, files->root);
	list_names(plugin_path, names, sizeof(names));
	return fail(diag, -ENOENT, "there is no plugin %s: no file %s.so in %s (which has %s)", name, name,
		plugin_path, names[0] ? names : "no plugin at all");
}
