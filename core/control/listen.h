/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The control socket as a file: made, guarded and removed. */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <sys/types.h>
#include <xslot/diag.h>

/* Which file the socket is, so that only our own is removed. */
struct listen_file {
	dev_t device;
	ino_t inode;
};

/* Whether the group xslot can open the socket. */
struct listen_group {
	int error; /* 0: it can; -ENOENT: there is no such group; -EPERM: we may not give it away; … */
	struct xslot_diag why; /* … as a sentence */
};

/* A listening, non-blocking socket at `path`, as server_new() promises. */
int listen_open(const char *path, int *ret_fd, struct listen_file *ret_file, struct listen_group *ret_group,
	struct xslot_diag *diag);
/* Remove the socket's file, when `path` still is that file. */
/*
 * Who answers at `path`: 1, and the process that listens there; 0: nobody, and listen_open() would get as far
 * as making the file; else its failure. Nothing is changed.
 */
int listen_check(const char *path, pid_t *ret_pid, struct xslot_diag *diag);
void listen_remove(const char *path, const struct listen_file *file);

#endif
