/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The mark is one file with two names: `running` and `stopped`. Renaming needs no space, so a full disk does
 * not make a crash look like a clean stop.
 *
 * Which files a reload was asked to apply is recorded by what stat() says about each file, not by its bytes:
 * rules of a hundred megabytes should not be hashed before each reload. Writing a file, or replacing it,
 * changes that; and if a file was only touched, nobody can vouch for it.
 */
#include "host/kept/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/kept/snapshot.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define RUNNING "running"
#define STOPPED "stopped"
#define REQUESTED "requested"
#define REQUESTED_NEW ".requested"
#define MAGIC "xslot-request 1"

static char *path_of(const char *state, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", state, name) < 0)
		memory_out();
	return path;
}

bool session_was_cut_off(const char *state)
{
	CLEANUP(free) char *running = path_of(state, RUNNING);

	/* An error in asking is no clean stop. */
	return access(running, F_OK) == 0 || errno != ENOENT;
}

static int sync_folder(const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int session_begin(const char *state, struct xslot_diag *diag)
{
	CLEANUP(free) char *running = path_of(state, RUNNING), *stopped = path_of(state, STOPPED);
	int r = 0;

	if (rename(stopped, running) < 0)
		r = errno == ENOENT ? snapshot_write_file(running, "", 0) : -errno;
	if (r == 0 || r == -EEXIST)
		r = sync_folder(state);
	return r < 0 ? fail(diag, r, "cannot write %s: %s", running, strerror(-r)) : 0;
}

void session_end(const char *state)
{
	CLEANUP(free) char *running = path_of(state, RUNNING), *stopped = path_of(state, STOPPED);
	int r = rename(running, stopped) < 0 ? -errno : sync_folder(state);

	if (r < 0)
		log_warning("cannot write %s: %s; the next start will take this for a crash", stopped,
			strerror(-r));
}

/* What changes with the file; false: it cannot be told. */
static bool identify(const char *path, char ret_text[static 160])
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	snprintf(ret_text, 160, "%ju %ju %jd.%09ld %jd.%09ld", (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
		st.st_ctim.tv_nsec);
	return true;
}

static char *absolute(const char *path)
{
	CLEANUP(free) char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	char *whole;

	if (asprintf(&whole, "%s%s%s", here ? here : "", here ? "/" : "", path) < 0)
		memory_out();
	return whole;
}

/* A crash of the process leaves it whole or not at all, and after one of the machine it is read with
 * suspicion. */
static int write_plainly(const char *path, const char *text, size_t size)
{
	CLEANUP(close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, text, size);

	return n < 0 ? -errno : (size_t)n < size ? -ENOSPC : 0;
}

static void print_identity(FILE *out, const char *path)
{
	char identity[160];

	if (!identify(path, identity) || strchr(path, '\n'))
		fputs("unknown\n", out);
	else
		fprintf(out, "%s %s\n", identity, path);
}

/* Snippets come and go with the time of their folder. */
static void print_folder(FILE *out, const char *main_file)
{
	CLEANUP(free) char *folder = NULL;

	if (asprintf(&folder, "%.*sconf.d", (int)(strrchr(main_file, '/') + 1 - main_file), main_file) < 0)
		memory_out();
	if (access(folder, F_OK) == 0 || errno != ENOENT)
		print_identity(out, folder);
	else
		fprintf(out, "absent %s\n", folder);
}

char *session_describe(const struct files *files, const char *file, bool allow_bare)
{
	CLEANUP(free) char *main_file = absolute(file);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	fprintf(out, MAGIC "\nallow-bare %s\n", allow_bare ? "yes" : "no");
	print_folder(out, main_file);
	for (size_t i = 0; i < files->n_entries; i++) {
		CLEANUP(free) char *name = absolute(files->entries[i].path);

		print_identity(out, name);
	}
	fputs("end\n", out);
	if (fclose(out) != 0)
		memory_out();
	return text;
}

int session_request(const char *state, const char *description, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = path_of(state, REQUESTED), *new = path_of(state, REQUESTED_NEW);
	int r;

	unlink(new);
	r = write_plainly(new, description, strlen(description));
	if (r == 0 && rename(new, path) < 0)
		r = -errno;
	return r < 0 ? fail(diag, r, "cannot write %s: %s", path, strerror(-r)) : 0;
}

void session_forget_request(const char *state)
{
	CLEANUP(free) char *path = path_of(state, REQUESTED);

	unlink(path);
}

static bool line_holds(const char *line)
{
	const char *path = strchr(line, '/');
	char identity[160];
	size_t length;

	if (!path || path == line)
		return false;
	if (strncmp(line, "absent ", 7) == 0)
		return access(path, F_OK) < 0 && errno == ENOENT;
	if (!identify(path, identity))
		return false;
	length = strlen(identity);
	return (size_t)(path - line) == length + 1 && strncmp(line, identity, length) == 0;
}

/* 0: it ended as it should, and each line is true. */
static int check_lines(FILE *in, bool *ret_allow_bare)
{
	CLEANUP(free) char *line = NULL;
	bool ended = false;
	size_t size = 0;
	ssize_t length;

	for (unsigned n = 0; (length = getline(&line, &size, in)) > 0; n++) {
		if (ended || line[length - 1] != '\n')
			return -EBADMSG;
		line[length - 1] = 0;
		ended = strcmp(line, "end") == 0;
		if (n == 1)
			*ret_allow_bare = strcmp(line, "allow-bare yes") == 0;
		else if (n == 0 ? strcmp(line, MAGIC) != 0 : !ended && !line_holds(line))
			return -EBADMSG;
	}
	return ended ? 0 : -EBADMSG;
}

bool session_is_requested(const char *state, bool *ret_allow_bare)
{
	CLEANUP(free) char *path = path_of(state, REQUESTED);
	CLEANUP(fclose) FILE *in = fopen(path, "re");

	*ret_allow_bare = false;
	return in && check_lines(in, ret_allow_bare) == 0;
}
