/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin file may be replaced while the host runs it, and a build tool may well write into it in place. So
 * the host maps a private copy, a sealed memfd, and the file is free. glibc looks a library up by the *name*
 * given to dlopen before it looks at the file: /proc/PID/fd/7, reused for another plugin, silently returns
 * the old one. Hence two rules: the memfd stays open for as long as it is mapped, so that its number is not
 * reused (the one descriptor that a plugin file costs); and a number is not used if an unloadable library (-z
 * nodelete) still has its name.
 *
 * Debuggers open the file that the link map names, in their own process: /proc/self/fd/7 there is whatever
 * they have open, and gdb waited for ever on a pipe. So the copy is opened as /proc/PID/fd/7, since gdb reads
 * the name while dlopen() runs. Afterwards the name is the plugin's file, which exists when someone looks at
 * a core dump; dladdr(), ASan and the loader's own errors then name it, too. glibc keeps the name that
 * dlopen() was given elsewhere and frees the one in the link map with the map, so its own is put back before
 * dlclose().
 *
 * valgrind and perf name code by the mapped file, and a memfd has none: they need the file in place.
 */
#include "module/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/file.h"
#include "util/reader.h"

#define FD_NAME_MAX 64

struct library {
	void *handle;
	int fd;		/* of the copy; its number is in the name that the library is known by. -1: no copy */
	char *path;	/* as the link map has it */
	char *original; /* glibc's name for it; NULL: not renamed */
	char opened[PATH_MAX]; /* what dlopen() was given */
};

DEFINE_CLEANUP(struct library *, library_close);

static struct link_map *map_of(void *handle)
{
	struct link_map *map = NULL;

	return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map : NULL;
}

/* glibc's name for it is lost to anyone who looks at the link map, and is returned. */
static char *rename_to(void *handle, char *name)
{
	struct link_map *map = map_of(handle);
	char *before = map ? map->l_name : NULL;

	if (map)
		map->l_name = name;
	return before;
}

/* Something is mapped under this name or from this file. */
static bool is_taken(const char *name)
{
	void *handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);

	if (handle)
		dlclose(handle);
	return handle != NULL;
}

/* What /proc calls this process, which is not getpid() where /proc is of another PID namespace. */
static int own_folder(char ret_name[static FD_NAME_MAX])
{
	ssize_t n = readlink("/proc/self", ret_name, FD_NAME_MAX - 1);

	if (n < 0)
		return -errno;
	ret_name[n] = 0;
	return 0;
}

/* A descriptor of the memfd whose name no mapped library has. */
static int unused_fd(struct library *library, const struct blob *blob)
{
	const char *name = strrchr(library->path, '/');
	char self[FD_NAME_MAX];
	CLEANUP(close) int memfd = -1;
	int from = 0, r = own_folder(self);

	if (r == 0)
		r = blob_open(blob, name ? name + 1 : library->path, &memfd);

	while (r == 0) {
		library->fd = fcntl(memfd, F_DUPFD_CLOEXEC, from);
		if (library->fd < 0)
			return -errno;
		snprintf(library->opened, sizeof(library->opened), "/proc/%s/fd/%d", self, library->fd);
		if (!is_taken(library->opened))
			return 0;
		from = library->fd + 1;
		close(TAKE_FD(library->fd));
	}
	return r;
}

/* The loader's words, with the file's name in place of the one that it was given, and what would help. */
static int fail_dlopen(const struct library *library, const char *path, struct xslot_diag *diag)
{
	static const char undefined[] = ": undefined symbol: ";
	const char *words = dlerror() ?: "no reason given", *needed = strstr(words, ": cannot open shared");
	size_t length = strlen(library->opened);

	if (strncmp(words, library->opened, length) == 0 && words[length] == ':') {
		words += length;
		if (strncmp(words, undefined, strlen(undefined)) == 0)
			return fail(diag, -ENOEXEC,
				"%s needs the symbol %s, which neither it nor the libraries that it is linked with define",
				path, words + strlen(undefined));
		return fail(diag, -ENOEXEC, "cannot load %s%s", path, words);
	}
	if (needed)
		return fail(diag, -ENOEXEC,
			"%s needs the library %.*s, which is not in the system's library path", path,
			(int)(needed - words), words);
	return fail(diag, -ENOEXEC, "cannot load %s: %s", path, words);
}

static int library_map(struct library *library, const struct blob *blob, const char *path, bool in_place,
	struct xslot_diag *diag)
{
	int r = 0;

	in_place = in_place && library->path[0] == '/' && !is_taken(library->path);
	if (in_place)
		snprintf(library->opened, sizeof(library->opened), "%s", library->path);
	else
		r = unused_fd(library, blob);
	if (r < 0)
		return fail(diag, r, "cannot load %s: %s", path, strerror(-r));
	library->handle = dlopen(library->opened, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return fail_dlopen(library, path, diag);
	if (in_place && !blob_is_at(blob, library->path))
		return fail(diag, -EAGAIN, "%s changed while it was loaded: try again", path);
	if (!in_place) /* that has its good name */
		library->original = rename_to(library->handle, library->path);
	return 0;
}

int library_open(const struct blob *blob, const char *path, bool in_place, struct library **ret_library,
	struct xslot_diag *diag)
{
	CLEANUP(library_close) struct library *library = calloc(1, sizeof(*library));
	int r;

	if (!library)
		return fail(diag, -ENOMEM, "cannot load %s: out of memory", path);
	library->fd = -1;
	library->path = realpath(path, NULL) ?: strdup(path);
	if (!library->path)
		return fail(diag, -ENOMEM, "cannot load %s: out of memory", path);
	r = library_map(library, blob, path, in_place, diag);
	if (r == 0)
		*ret_library = TAKE_PTR(library);
	return r;
}

const void *library_symbol(const struct library *library, const char *name)
{
	return dlsym(library->handle, name);
}

/* One that cannot be unloaded keeps its good name, since its number will be another file's. True then. */
static bool stays(const struct library *library)
{
	void *handle = dlopen(library->opened, RTLD_LAZY | RTLD_NOLOAD);

	if (!handle)
		return false;
	rename_to(handle, library->path);
	dlclose(handle);
	return true;
}

void library_close(struct library *library)
{
	bool left = false;

	if (!library)
		return;
	if (library->original)
		rename_to(library->handle, library->original);
	if (library->handle) {
		dlclose(library->handle);
		left = library->original && stays(library);
	}
	if (library->fd >= 0)
		close(library->fd);
	if (!left)
		free(library->path);
	free(library);
}
