/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What distinguishes two states of a file or folder without reading its content. */
#ifndef UTIL_STAMP_H
#define UTIL_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct stamp stamp_of(const struct stat *st);
bool stamp_equal(const struct stamp *a, const struct stamp *b);

#define STAMP_STILL 200000000ULL /* ns without a change, where nothing better can be had */

/* How far what lies on `fd`'s file system is to be believed. */
enum stamp_source {
	STAMP_LOCAL,  /* our kernel's clock stamps it, and leases see every writer */
	STAMP_CLOCK,  /* our kernel's clock stamps it */
	STAMP_REMOTE, /* another machine may write to it, and have another clock */
};
enum stamp_source stamp_source_of(int fd);
bool stamp_lease_says_no(
	int fd); /* for reasons of its own: a lease refused does not tell of a writer there */

/* How long (ns, at most STAMP_STILL) it has yet to be watched until it has stood still for STAMP_STILL. */
uint64_t stamp_to_watch(const struct stamp *stamp, enum stamp_source source);

/* CLOCK_MONOTONIC, ns. */
uint64_t stamp_now(void);

#endif
