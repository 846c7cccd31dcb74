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

/* A listening, non-blocking socket at `path`, as server_new() promises. */
int listen_open(const char *path, int *ret_fd, struct listen_file *ret_file, struct xslot_diag *diag);
void listen_remove(const char *path, const struct listen_file *file);

#endif
