/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A unit's sandbox is made of mounts in a namespace of the process: an empty folder over /home, a private
 * folder over /tmp, and read-only mounts of the rest. /proc/self/mountinfo shows them, and their sources
 * differ from those of an administrator's mounts: folders called "systemd-private-…" and
 * "systemd/inaccessible/…", and read-only mounts of file systems that are not read-only.
 */
#include "util/path_reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* What is mounted where the path lies. */
struct mount {
	char root[256], point[256], options[128], super[256];
};

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

/* The innermost; of several on one point the last. */
static bool find_mount(const char *mounts, const char *path, struct mount *ret_mount)
{
	CLEANUP(fclose) FILE *file = fopen(mounts, "re");
	CLEANUP(free) char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && getline(&line, &size, file) > 0) {
		const char *rest = strstr(line, " - ");
		struct mount mount = {};

		if (!rest ||
			sscanf(line, "%*u %*u %*s %255s %255s %127s", mount.root, mount.point,
				mount.options) != 3 ||
			sscanf(rest, " - %*s %*s %255s", mount.super) != 1)
			continue;
		if (!is_below(path, mount.point) || (found && strlen(mount.point) < strlen(ret_mount->point)))
			continue;
		*ret_mount = mount;
		found = true;
	}
	return found;
}

static bool is_read_only(const char *options)
{
	return strncmp(options, "ro", 2) == 0 && (!options[2] || options[2] == ',');
}

static void explain(const struct mount *mount, const char *path, int error, char *text, size_t size)
{
	if (strstr(mount->root, "systemd/inaccessible"))
		snprintf(text, size,
			"; xslotd's unit hides %s from it (ProtectHome=, InaccessiblePaths=): move the file, or see UNDER SYSTEMD in xslotd(8)",
			mount->point);
	else if (strstr(mount->root, "systemd-private-") && error == ENOENT)
		snprintf(text, size,
			"; xslotd's unit gives it a %s of its own (PrivateTmp=), where others' files are not: move the file, or see UNDER SYSTEMD in xslotd(8)",
			mount->point);
	else if (error == EROFS && is_read_only(mount->options) && !is_read_only(mount->super))
		snprintf(text, size,
			"; xslotd's unit makes it read-only for it (ProtectSystem=): ReadWritePaths=%s in a drop-in makes it writable, see UNDER SYSTEMD in xslotd(8)",
			path);
}

const char *path_reason_by(
	const char *mounts, const char *path, int error, char ret_text[static PATH_REASON_TEXT])
{
	struct mount mount;
	size_t used;

	error = abs(error);
	used = (size_t)snprintf(ret_text, PATH_REASON_TEXT, "%s", strerror(error));
	if (error != ENOENT && error != EACCES && error != EPERM && error != EROFS)
		return ret_text;
	if (find_mount(mounts, path, &mount))
		explain(&mount, path, error, ret_text + used, PATH_REASON_TEXT - used);
	return ret_text;
}

const char *path_reason(const char *path, int error, char ret_text[static PATH_REASON_TEXT])
{
	return path_reason_by("/proc/self/mountinfo", path, error, ret_text);
}
