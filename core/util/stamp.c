/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The time of the last change (ctime) is set by the kernel alone and by each change, while anyone may set the
 * time of modification. So a file that changed long enough ago need not be watched at all, if its time was
 * set by our own clock. Another machine's clock may differ by seconds, but hardly by a minute.
 */
#include "util/stamp.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>
#include <time.h>

#define SECOND 1000000000ULL

#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42

struct stamp stamp_of(const struct stat *st)
{
	return (struct stamp){ st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim };
}

static bool time_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       time_equal(&a->modified, &b->modified) && time_equal(&a->changed, &b->changed);
}

enum stamp_source stamp_source_of(int fd)
{
	static const unsigned local[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC, TMPFS_MAGIC, RAMFS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return STAMP_REMOTE;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
		if ((unsigned)fs.f_type == local[i])
			return STAMP_LOCAL;
	}
	/* A writer through a mapping whose descriptor is closed holds the file below, not this one. */
	return fs.f_type == OVERLAYFS_SUPER_MAGIC ? STAMP_CLOCK : STAMP_REMOTE;
}

bool stamp_lease_says_no(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == NFS_SUPER_MAGIC || (unsigned)fs.f_type == CIFS_MAGIC ||
						(unsigned)fs.f_type == SMB2_MAGIC);
}

/* Ago, on our wall clock; negative: it says that this will come. */
static int64_t age_of(const struct timespec *changed)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - changed->tv_sec) * (int64_t)SECOND + now.tv_nsec - changed->tv_nsec;
}

uint64_t stamp_to_watch(const struct stamp *stamp, enum stamp_source source)
{
	int64_t enough = STAMP_STILL, age = age_of(&stamp->changed);

	if (source == STAMP_REMOTE)
		enough = 60 * SECOND;
	else if (stamp->changed.tv_nsec == 0) /* perhaps it counts whole seconds, as old inodes of ext do */
		enough += SECOND;
	if (age >= enough)
		return 0;
	return age >= 0 && enough - age < (int64_t)STAMP_STILL ? (uint64_t)(enough - age) : STAMP_STILL;
}

uint64_t stamp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}
