/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Leases of the kernel: no one has the file open for writing, and anyone who wants to write has to wait. */
#ifndef UTIL_LEASE_H
#define UTIL_LEASE_H

#include <signal.h>
#include <stdbool.h>

struct lease {
	int fd;
	sigset_t before;     /* the thread's mask */
	bool io_was_pending; /* SIGIO, before us */
};

/*
 * Take a read lease on `fd`, opened read-only. -EAGAIN: somebody has the file open for writing, or a lease of
 * their own. Any other error: this file has no leases for us (EACCES: it belongs to another user; EINVAL: its
 * file system has none that one can read under). Held by one thread, for no longer than it takes to read: a
 * writer waits that long. SIGIO is blocked in the thread meanwhile; no other thread ever gets it.
 */
int lease_take(struct lease *lease, int fd);
bool lease_intact(const struct lease *lease); /* nobody has asked for the file since */
void lease_drop(struct lease *lease);

#endif
