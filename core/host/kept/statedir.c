/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A snapshot is complete and on disk before any record names it, and the record is replaced by rename: so
 * whenever a host dies, the next one reads the old record or the new one, and either names complete snapshots
 * only. Everything else in the folder is left over, and is removed.
 */
#include "host/kept/statedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/kept/snapshot.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/path_reason.h"
#include "util/reader.h"

#define RECORD "record"
#define RECORD_NEW ".record"
#define RECORD_MAGIC "xslot-record 1"
#define RECORD_MAX 65536 /* bytes; three lines, two of them with a path */

struct statedir {
	char *path;
	int fd; /* locked */
	struct statedir_record record, written;
};

static const char *const holds[] = { "none", "rollback", "unconfirmed", "bare", "crash" };

DEFINE_CLEANUP(struct statedir *, statedir_close);
DEFINE_CLEANUP(DIR *, closedir);
DEFINE_CLEANUP(struct blob *, blob_free);

char *statedir_root(const struct statedir *statedir, unsigned number)
{
	char *root;

	if (asprintf(&root, "%s/%u", statedir->path, number) < 0)
		memory_out();
	return root;
}

bool statedir_same(const struct statedir *statedir, unsigned number, const struct files *files)
{
	CLEANUP(free) char *root = number ? statedir_root(statedir, number) : NULL;

	return root && snapshot_same(root, files);
}

/* Above all that any record knows. */
static unsigned next_number(const struct statedir *statedir)
{
	const struct statedir_record *record = &statedir->record, *written = &statedir->written;
	const unsigned known[] = { record->current.number, record->previous.number, written->current.number,
		written->previous.number };
	unsigned number = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		number = known[i] > number ? known[i] : number;
	return number + 1;
}

int statedir_save(struct statedir *statedir, const struct files *files, const char *file,
	struct statedir_snapshot *ret_snapshot, struct xslot_diag *diag)
{
	const unsigned base = statedir->record.current.number;
	CLEANUP(free) char *main_file = *file == '/' ? strdup(file) : files_mirror(file);
	CLEANUP(free) char *old = base ? statedir_root(statedir, base) : NULL;
	CLEANUP(free) char *root = statedir_root(statedir, next_number(statedir));
	int r;

	if (!main_file)
		return fail(diag, -ENOMEM, "cannot keep a copy of %s: out of memory", file);
	if (strlen(main_file) >= PATH_MAX || strchr(main_file, '\n'))
		return fail(diag, -EINVAL, "cannot keep a copy of %s: its name cannot be recorded", file);
	r = snapshot_write(root, files, old, diag);
	if (r < 0)
		return r;
	if (fsync(statedir->fd) < 0)
		return fail(diag, -errno, "cannot write %s to disk: %s", root, strerror(errno));
	ret_snapshot->number = next_number(statedir);
	strcpy(ret_snapshot->file, main_file);
	return 0;
}

static void print_snapshot(FILE *out, const char *key, const struct statedir_snapshot *snapshot)
{
	if (snapshot->number)
		fprintf(out, "%s %u %s\n", key, snapshot->number, snapshot->file);
}

int statedir_set(struct statedir *statedir, const struct statedir_record *record, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = NULL, *new = NULL, *text = NULL;
	size_t size;
	FILE *out;
	int r;

	statedir->record = *record;
	if (memcmp(record, &statedir->written, sizeof(*record)) == 0)
		return 0;
	out = open_memstream(&text, &size);
	if (!out || asprintf(&path, "%s/" RECORD, statedir->path) < 0 ||
		asprintf(&new, "%s/" RECORD_NEW, statedir->path) < 0)
		memory_out();
	fputs(RECORD_MAGIC "\n", out);
	print_snapshot(out, "current", &record->current);
	print_snapshot(out, "previous", &record->previous);
	fprintf(out, "hold %s\ntrial %s\nend\n", holds[record->hold], record->trial ? "yes" : "no");
	if (fclose(out) != 0)
		memory_out();
	unlink(new);
	r = snapshot_write_file(new, text, size);
	if (r == 0 && rename(new, path) < 0)
		r = -errno;
	if (r < 0)
		return fail(diag, r, "cannot write %s: %s", path, PATH_REASON(path, r));
	statedir->written = *record;
	if (fsync(statedir->fd) < 0)
		return fail(diag, -errno, "cannot write %s to disk: %s", path, strerror(errno));
	return 0;
}

static int parse_snapshot(const char *text, struct statedir_snapshot *ret_snapshot)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || end[0] != ' ' || end[1] != '/' || number == 0 || number >= UINT_MAX ||
		strlen(end + 1) >= PATH_MAX)
		return -EBADMSG;
	ret_snapshot->number = (unsigned)number;
	strcpy(ret_snapshot->file, end + 1);
	return 0;
}

static int parse_line(const char *line, struct statedir_record *record)
{
	if (strncmp(line, "current ", 8) == 0)
		return parse_snapshot(line + 8, &record->current);
	if (strncmp(line, "previous ", 9) == 0)
		return parse_snapshot(line + 9, &record->previous);
	if (strncmp(line, "trial ", 6) == 0) {
		record->trial = strcmp(line + 6, "yes") == 0;
		return record->trial || strcmp(line + 6, "no") == 0 ? 0 : -EBADMSG;
	}
	for (size_t i = 0; strncmp(line, "hold ", 5) == 0 && i < sizeof(holds) / sizeof(holds[0]); i++) {
		if (strcmp(line + 5, holds[i]) == 0) {
			record->hold = (enum statedir_hold)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int parse_lines(FILE *in, struct statedir_record *ret_record)
{
	CLEANUP(free) char *line = NULL;
	struct statedir_record record = {};
	bool ended = false;
	size_t size = 0;
	ssize_t length;

	for (unsigned n = 0; (length = getline(&line, &size, in)) > 0; n++) {
		if (ended || line[length - 1] != '\n')
			return -EBADMSG;
		line[length - 1] = 0;
		ended = strcmp(line, "end") == 0;
		if (n == 0 ? strcmp(line, RECORD_MAGIC) != 0 : !ended && parse_line(line, &record) < 0)
			return -EBADMSG;
	}
	if (ferror(in) || !feof(in))
		return -ENOMEM;
	if (!ended || (record.hold && !record.current.number) || (record.trial && !record.previous.number))
		return -EBADMSG;
	*ret_record = record;
	return 0;
}

static int parse_record(const char *path, struct statedir_record *ret_record, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	CLEANUP(fclose) FILE *in = NULL;
	int r = blob_read(path, RECORD_MAX, &blob, diag);

	if (r < 0)
		return r;
	in = blob->size ? fmemopen(blob->data, blob->size, "r") : NULL;
	r = in ? parse_lines(in, ret_record) : blob->size ? -ENOMEM : -EBADMSG;
	if (r == -ENOMEM)
		return fail(diag, r, "cannot read %s: out of memory", path);
	if (r < 0)
		return fail(diag, r, "cannot read %s: it is damaged, or of another version", path);
	return 0;
}

/* A record that cannot be read now may be good: what it names must not be swept. */
static int read_record(struct statedir *statedir, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = NULL;
	struct xslot_diag why = {};
	int r;

	if (asprintf(&path, "%s/" RECORD, statedir->path) < 0)
		memory_out();
	r = parse_record(path, &statedir->record, &why);
	if (r == -ENOENT)
		return 0;
	if (ask_is_shortage(r) || r == -EACCES || r == -EPERM || r == -EIO)
		return fail(diag, r, "%s", why.message);
	if (r < 0)
		log_error(
			"%s; it and the snapshots beside it are ignored: \"xslotctl rollback\" has no previous configuration before the next reload",
			why.message);
	statedir->written = statedir->record;
	return 0;
}

void statedir_sweep(const struct statedir *statedir)
{
	const struct statedir_record *record = &statedir->record, *written = &statedir->written;
	CLEANUP(closedir) DIR *dir = opendir(statedir->path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		CLEANUP(free) char *root = NULL;
		char *end;
		unsigned long number = strtoul(entry->d_name, &end, 10);

		if (*end || number == 0 || number == record->current.number ||
			number == record->previous.number || number == written->current.number ||
			number == written->previous.number)
			continue;
		if (asprintf(&root, "%s/%s", statedir->path, entry->d_name) < 0)
			memory_out();
		snapshot_remove(root);
	}
}

static int check_and_lock(struct statedir *statedir, struct xslot_diag *diag)
{
	const char *path = statedir->path;
	struct stat st;

	statedir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (statedir->fd < 0 || fstat(statedir->fd, &st) < 0)
		return fail(
			diag, -errno, "cannot open the state folder %s: %s", path, PATH_REASON(path, errno));
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(diag, -EPERM,
			"users other than root can write the state folder %s, from which plugins are loaded: chown it to root and chmod go-w it",
			path);
	if (flock(statedir->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return fail(diag, -EBUSY,
			"another xslotd runs with the state folder %s; stop one of them, or give this one its own with [host] state",
			path);
	return fail(diag, -errno, "cannot lock the state folder %s: %s", path, strerror(errno));
}

int statedir_open(const char *path, struct statedir **ret_statedir, struct xslot_diag *diag)
{
	CLEANUP(statedir_close) struct statedir *statedir = calloc(1, sizeof(*statedir));
	int r;

	if (!statedir)
		return fail(diag, -ENOMEM, "out of memory");
	statedir->fd = -1;
	statedir->path = strdup(path);
	if (!statedir->path)
		return fail(diag, -ENOMEM, "out of memory");
	r = snapshot_make_parents(path, 0755);
	if (r == 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return fail(diag, r, "cannot make the state folder %s: %s", path, PATH_REASON(path, r));
	r = check_and_lock(statedir, diag);
	if (r < 0)
		return r;
	r = read_record(statedir, diag);
	if (r < 0)
		return r;
	unlinkat(statedir->fd, RECORD_NEW, 0); /* of a host that died while it wrote */
	statedir_sweep(statedir);
	*ret_statedir = TAKE_PTR(statedir);
	return 0;
}

void statedir_close(struct statedir *statedir)
{
	if (!statedir)
		return;
	if (statedir->fd >= 0)
		close(statedir->fd);
	free(statedir->path);
	free(statedir);
}

const char *statedir_path(const struct statedir *statedir)
{
	return statedir->path;
}

const struct statedir_record *statedir_record(const struct statedir *statedir)
{
	return &statedir->record;
}
