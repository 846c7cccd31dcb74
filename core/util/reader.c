/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Editors and tools write files in place, and a file that is cut off in the middle is too often a valid
 * configuration. A lease shows that no one writes at this moment; where no lease can be had, the file must
 * stay unchanged for a while. Neither shows that the writer was done: ": >f; echo x >>f" is two writers, and
 * between them the file is empty. So an empty file is watched in any case, and so are folders, which have no
 * leases: an editor that renames the old file away is between two changes of its folder as well.
 *
 * All that is watched is checked again when everything is read, so that it costs only one wait.
 */
#include "util/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/lease.h"
#include "util/path_reason.h"
#include "util/stamp.h"
#include "util/trust.h"

#define FIRST_PAUSE 1000000ULL /* ns between two attempts, twice as long each time */
#define LONGEST_PAUSE 50000000ULL
#define CHUNK 65536

/* One path, as it was when it was read. */
struct sight {
	char *path;
	struct stamp stamp;
	uint64_t watch_until; /* stamp_now(); 0: what its stamp says is enough */
	struct blob *blob;    /* of a file that is watched */
	bool folder;
	int (*filter)(const struct dirent *entry);
	char **names;
	size_t n_names;
};

enum trouble { WRITER, CHANGE };

struct intake {
	const char *path, *name;
	size_t max_size;
	struct blob *known; /* the same so far; NULL: `blob` has what came */
	struct blob *blob;
	size_t size;
};

DEFINE_CLEANUP(struct blob *, blob_free);

static void sight_deinit(struct sight *sight)
{
	free(sight->path);
	blob_free(sight->blob);
	reader_free_names(sight->names, sight->n_names);
}

void reader_deinit(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_sights; i++)
		sight_deinit(&reader->sights[i]);
	free(reader->sights);
	reader->sights = NULL;
	reader->n_sights = 0;
}

static struct sight *add_sight(
	struct reader *reader, const char *path, const struct stamp *stamp, uint64_t to_watch)
{
	struct sight *sights = reallocarray(reader->sights, reader->n_sights + 1, sizeof(*sights)), *sight;
	char *copy = strdup(path);

	if (sights)
		reader->sights = sights;
	if (!sights || !copy) {
		free(copy);
		return NULL;
	}
	sight = &sights[reader->n_sights++];
	*sight = (struct sight){ .path = copy, .stamp = *stamp };
	if (to_watch && !reader->hasty)
		sight->watch_until = stamp_now() + to_watch;
	return sight;
}

/* Wait, if the patience lasts. */
static bool reader_pause(struct reader *reader, uint64_t time)
{
	const struct timespec pause = { (time_t)(time / 1000000000), (long)(time % 1000000000) };

	if (!reader->patience_end)
		reader->patience_end = stamp_now() + READER_PATIENCE;
	if (stamp_now() + time > reader->patience_end)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static int refuse(const char *path, enum trouble trouble, struct xslot_diag *diag)
{
	if (trouble == WRITER)
		return fail(diag, -EBUSY,
			"%s is open for writing in another process (\"fuser -v\" shows which one): let it finish, and try again",
			path);
	return fail(diag, -EBUSY,
		"%s keeps changing while it is read: let the writer finish, and try again; or write the new content to another file and rename that",
		path);
}

static int open_failed(const char *path, int error, struct xslot_diag *diag)
{
	char target[PATH_MAX];
	ssize_t n = error == -ENOENT ? readlink(path, target, sizeof(target) - 1) : -1;

	if (n < 0)
		return fail(diag, error, "cannot open %s: %s", path, PATH_REASON(path, error));
	target[n] = 0;
	return fail(diag, error, "cannot open %s: it is a symbolic link to %s, which does not exist", path,
		target);
}

static int check_kind(const char *path, const struct stat *st, struct xslot_diag *diag)
{
	if (S_ISREG(st->st_mode))
		return 0;
	return fail(diag, -EINVAL, "%s is %s, not a regular file", path,
		S_ISDIR(st->st_mode)	? "a directory"
		: S_ISFIFO(st->st_mode) ? "a FIFO"
		: S_ISSOCK(st->st_mode) ? "a socket"
					: "a device");
}

/* A device is not even opened: with some that does something. -EAGAIN: somebody has it for writing. */
static int open_regular(
	const char *path, bool careful, int *ret_fd, struct stat *ret_st, struct xslot_diag *diag)
{
	CLEANUP(free) char *real = careful ? realpath(path, NULL) : NULL;
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	if ((careful && !real) || stat(path, &st) < 0)
		return open_failed(path, -errno, diag);
	r = check_kind(path, &st, diag);
	if (r == 0 && careful)
		r = trust_folder(real, diag);
	if (r < 0)
		return r;
	fd = open(real ? real : path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EWOULDBLOCK)
		return -EAGAIN;
	if (fd < 0 || fstat(fd, &st) < 0)
		return open_failed(path, -errno, diag);
	r = check_kind(path, &st, diag);
	if (r == 0 && careful)
		r = trust_stat(real, &st, diag);
	if (r < 0)
		return r;
	*ret_st = st;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* From here on the bytes are not those that are known. */
static int intake_part(struct intake *intake)
{
	const struct blob *known = intake->known;
	int r;

	intake->known = NULL;
	r = blob_begin(intake->name, &intake->blob);
	return r == 0 && known && intake->size ? blob_add(intake->blob, known->data, intake->size) : r;
}

static int intake_add(struct intake *intake, const uint8_t *data, size_t size)
{
	const struct blob *known = intake->known;
	int r = 0;

	if (known && size <= known->size - intake->size &&
		memcmp(known->data + intake->size, data, size) == 0) {
		intake->size += size;
		return 0;
	}
	if (!intake->blob)
		r = intake_part(intake);
	if (r == 0)
		r = blob_add(intake->blob, data, size);
	intake->size += size;
	return r;
}

/* Up to the end, one chunk more than `size` bytes, or the end of the lease. */
static int copy(
	int fd, size_t size, const struct lease *lease, struct intake *intake, struct xslot_diag *diag)
{
	const char *path = intake->path;
	uint8_t buffer[CHUNK];
	ssize_t n;
	int r;

	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			return fail(diag, -errno, "cannot read %s: %s", path, strerror(errno));
		r = n > 0 ? intake_add(intake, buffer, (size_t)n) : 0;
		if (r < 0)
			return fail(diag, r, "cannot read %s into memory: %s", path, strerror(-r));
	} while (n != 0 && intake->size <= size && (!lease || lease_intact(lease)));
	return 0;
}

/* While the lease, if any, is held. */
static int copy_unchanged(int fd, const struct stat *before, const struct lease *lease, struct intake *intake,
	struct xslot_diag *diag)
{
	const char *path = intake->path;
	const struct stamp stamp = stamp_of(before);
	struct stamp after, there;
	struct stat st;
	int r = copy(fd, (size_t)before->st_size, lease, intake, diag);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return open_failed(path, -errno, diag);
	after = stamp_of(&st);
	if (stat(path, &st) < 0)
		return open_failed(path, -errno, diag);
	there = stamp_of(&st);
	if ((lease && !lease_intact(lease)) || !stamp_equal(&stamp, &after) || !stamp_equal(&stamp, &there))
		return -EAGAIN;
	if (intake->size != (size_t)before->st_size)
		return fail(diag, -EINVAL,
			"%s does not have the %lld bytes that are its size, like files of /proc: copy it to an ordinary file, and use that",
			path, (long long)before->st_size);
	return 0;
}

static int intake_end(struct intake *intake, struct blob **ret_blob)
{
	int r = 0;

	if (intake->known && intake->size == intake->known->size) {
		*ret_blob = blob_ref(intake->known);
		return 0;
	}
	if (!intake->blob)
		r = intake_part(intake);
	if (r == 0)
		r = blob_end(intake->blob);
	if (r == 0)
		*ret_blob = TAKE_PTR(intake->blob);
	return r;
}

/* -EAGAIN: not now, because of `ret_trouble`. `ret_to_watch`: for how long (ns) it has yet to stand still. */
static int read_leased(int fd, const struct stat *st, struct intake *intake, enum trouble *ret_trouble,
	uint64_t *ret_to_watch, struct xslot_diag *diag)
{
	const enum stamp_source source = stamp_source_of(fd);
	const struct stamp stamp = stamp_of(st);
	struct lease lease;
	int leased = lease_take(&lease, fd), r;

	*ret_trouble = WRITER;
	if (leased == -EAGAIN && !stamp_lease_says_no(fd))
		return -EAGAIN;
	*ret_trouble = CHANGE;
	r = copy_unchanged(fd, st, leased == 0 ? &lease : NULL, intake, diag);
	if (leased == 0)
		lease_drop(&lease);
	*ret_to_watch =
		leased == 0 && source == STAMP_LOCAL && st->st_size > 0 ? 0 : stamp_to_watch(&stamp, source);
	return r;
}

static int try_read(struct reader *reader, struct intake intake, struct blob **ret_blob,
	enum trouble *ret_trouble, struct xslot_diag *diag)
{
	const char *path = intake.path;
	CLEANUP(close) int fd = -1;
	uint64_t to_watch = 0;
	struct sight *sight;
	struct stamp stamp;
	struct stat st;
	int r;

	*ret_trouble = WRITER;
	r = open_regular(path, reader->careful, &fd, &st, diag);
	if (r < 0)
		return r;
	if ((uint64_t)st.st_size > intake.max_size)
		return fail(diag, -EFBIG, "%s has %llu bytes, more than the %zu allowed", path,
			(unsigned long long)st.st_size, intake.max_size);
	stamp = stamp_of(&st);
	r = read_leased(fd, &st, &intake, ret_trouble, &to_watch, diag);
	if (r == 0) {
		r = intake_end(&intake, ret_blob);
		if (r < 0)
			fail(diag, r, "cannot read %s into memory: %s", path, strerror(-r));
	}
	blob_free(intake.blob);
	if (r < 0)
		return r;
	sight = add_sight(reader, path, &stamp, to_watch);
	if (!sight) {
		blob_free(*ret_blob);
		return fail(diag, -ENOMEM, "out of memory");
	}
	sight->blob = sight->watch_until ? blob_ref(*ret_blob) : NULL;
	return 0;
}

int reader_read(struct reader *reader, const char *path, size_t max_size, struct blob *known,
	struct blob **ret_blob, struct xslot_diag *diag)
{
	const char *base = strrchr(path, '/'), *name = base ? base + 1 : path;
	const struct intake start = { .path = path, .name = name, .max_size = max_size, .known = known };
	uint64_t pause = FIRST_PAUSE;
	struct blob *blob;
	enum trouble trouble;
	int r;

	while ((r = try_read(reader, start, &blob, &trouble, diag)) == -EAGAIN) {
		if (!reader_pause(reader, pause))
			return refuse(path, trouble, diag);
		pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
	}
	if (r == 0)
		*ret_blob = blob;
	return r;
}

void reader_free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* not alphasort: that depends on the locale */
}

static int scan(int fd, int (*filter)(const struct dirent *entry), char ***ret_names, size_t *ret_n)
{
	CLEANUP(free) struct dirent **entries = NULL;
	int n = scandirat(fd, ".", &entries, filter, by_name), r = n < 0 ? -errno : 0;
	char **names = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*names));

	if (r == 0 && !names)
		r = -ENOMEM;
	for (int i = 0; i < n; i++) {
		if (r == 0 && !(names[i] = strdup(entries[i]->d_name)))
			r = -ENOMEM;
		free(entries[i]);
	}
	if (r < 0) {
		if (names)
			reader_free_names(names, (size_t)n);
		return r;
	}
	*ret_names = names;
	*ret_n = (size_t)n;
	return 0;
}

/* The folder that `path` is in, for when there is no `path`. */
static int open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(free) char *parent = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");

	return parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* `ret_st`: of the folder above. No folder there, no time of it: zeros. */
static int look_above(const char *path, struct stat *ret_st, int *ret_fd)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) ==
		0) /* a link to nothing; or it came this moment, and the next attempt finds it */
		return S_ISLNK(st.st_mode) ? -ENOENT : -EAGAIN;
	fd = errno == ENOENT ? open_parent(path) : -1;
	if (fd < 0 && errno == ENOENT) {
		*ret_st = (struct stat){};
		return 0;
	}
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* What `path` has now. `ret_fd` and `ret_st`: of the folder, or of the one above when it does not exist. */
static int look_into(const char *path, int (*filter)(const struct dirent *entry), int *ret_fd,
	struct stat *ret_st, char ***ret_names, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_names = NULL;
	*ret_n = 0;
	*ret_fd = fd;
	if (fd < 0)
		return errno == ENOENT ? look_above(path, ret_st, ret_fd) : -errno;
	return fstat(fd, ret_st) < 0 ? -errno : scan(fd, filter, ret_names, ret_n);
}

static int list_failed(const char *path, int error, struct xslot_diag *diag)
{
	if (error == -ENOENT)
		return open_failed(path, error, diag);
	return fail(diag, error, "cannot list the directory: %s", strerror(-error));
}

static char **copy_names(char *const *names, size_t n)
{
	char **copies = calloc(n + 1, sizeof(*copies));

	for (size_t i = 0; copies && i < n; i++) {
		copies[i] = strdup(names[i]);
		if (!copies[i]) {
			reader_free_names(copies, i);
			return NULL;
		}
	}
	return copies;
}

static int see_folder(
	struct sight *sight, int (*filter)(const struct dirent *entry), char *const *names, size_t n)
{
	sight->folder = true;
	sight->filter = filter;
	sight->names = copy_names(names, n);
	sight->n_names = sight->names ? n : 0;
	return sight->names ? 0 : -ENOMEM;
}

int reader_list(struct reader *reader, const char *path, int (*filter)(const struct dirent *entry),
	char ***ret_names, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	char **names = NULL;
	struct sight *sight;
	struct stamp stamp;
	struct stat st;
	size_t n = 0;
	int r;

	while ((r = look_into(path, filter, &fd, &st, &names, &n)) == -EAGAIN)
		if (!reader_pause(reader, FIRST_PAUSE))
			return refuse(path, CHANGE, diag);
	if (r < 0)
		return list_failed(path, r, diag);
	if (reader->careful && names)
		r = trust_stat(path, &st, diag);
	if (r == 0) {
		stamp = stamp_of(&st);
		sight = add_sight(
			reader, path, &stamp, fd < 0 ? 0 : stamp_to_watch(&stamp, stamp_source_of(fd)));
		if (!sight || see_folder(sight, filter, names, n) < 0)
			r = fail(diag, -ENOMEM, "out of memory");
	}
	if (r < 0) {
		reader_free_names(names, n);
		return r;
	}
	*ret_names = names;
	*ret_n = n;
	return 0;
}

static bool folder_is_as_seen(const struct sight *sight)
{
	CLEANUP(close) int fd = -1;
	char **names = NULL;
	bool same = false;
	struct stat st;
	size_t n = 0;

	if (look_into(sight->path, sight->filter, &fd, &st, &names, &n) == 0) {
		same = n == sight->n_names;
		for (size_t i = 0; same && i < n; i++)
			same = strcmp(names[i], sight->names[i]) == 0;
	}
	reader_free_names(names, n);
	return same;
}

static bool is_as_seen(const struct sight *sight)
{
	struct stamp stamp;
	struct stat st;

	if (sight->folder)
		return folder_is_as_seen(sight);
	if (stat(sight->path, &st) < 0)
		return false;
	stamp = stamp_of(&st);
	return stamp_equal(&stamp, &sight->stamp) && (!sight->blob || blob_is_at(sight->blob, sight->path));
}

int reader_settle(struct reader *reader, struct xslot_diag *diag)
{
	const struct sight *changed = NULL;
	uint64_t now = stamp_now(), until = now;

	for (size_t i = 0; i < reader->n_sights; i++) {
		if (reader->sights[i].watch_until > until) {
			until = reader->sights[i].watch_until;
			changed = &reader->sights[i];
		}
	}
	if (until > now && !reader_pause(reader, until - now))
		return refuse(changed->path, CHANGE, diag);
	changed = NULL;
	for (size_t i = 0; !changed && i < reader->n_sights; i++)
		changed = is_as_seen(&reader->sights[i]) ? NULL : &reader->sights[i];
	if (!changed)
		return 0;
	return reader_pause(reader, FIRST_PAUSE) ? -EAGAIN : refuse(changed->path, CHANGE, diag);
}

int blob_read(const char *path, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag)
{
	struct reader reader = {};
	struct blob *blob = NULL;
	int r, settled;

	do {
		reader_deinit(&reader);
		blob_free(TAKE_PTR(blob));
		r = reader_read(&reader, path, max_size, NULL, &blob, diag);
		settled = r < 0 ? 0 : reader_settle(&reader, diag);
	} while (settled == -EAGAIN);
	reader_deinit(&reader);
	if (r < 0 || settled < 0) {
		blob_free(blob);
		return r < 0 ? r : settled;
	}
	*ret_blob = blob;
	return 0;
}

int blob_read_stream(
	int fd, const char *name, size_t max_size, struct blob **ret_blob, struct xslot_diag *diag)
{
	struct intake intake = { .name = name, .path = name };
	int r = copy(fd, max_size, NULL, &intake, diag);

	if (r == 0 && intake.size > max_size)
		r = fail(diag, -EFBIG, "%s has more than the %zu bytes allowed", name, max_size);
	if (r == 0) {
		r = intake_end(&intake, ret_blob);
		if (r < 0)
			fail(diag, r, "cannot read %s into memory: %s", name, strerror(-r));
	}
	blob_free(intake.blob);
	return r;
}

int regular_open(const char *path, int *ret_fd, struct xslot_diag *diag)
{
	struct stat st;
	int r = open_regular(path, false, ret_fd, &st, diag);

	return r == -EAGAIN ? refuse(path, WRITER, diag) : r;
}

bool blob_is_at(const struct blob *blob, const char *path)
{
	uint8_t buffer[CHUNK];
	CLEANUP(close) int fd = -1;
	struct stat st;
	size_t at = 0;
	ssize_t n;

	if (open_regular(path, false, &fd, &st, NULL) < 0)
		return false;
	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (size_t)n > blob->size - at ||
			(n > 0 && memcmp(blob->data + at, buffer, (size_t)n) != 0))
			return false;
		at += (size_t)n;
	} while (n != 0);
	return at == blob->size;
}
