/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Pins: what kind of object a BPF file descriptor is, pinning it in bpffs, opening it again. */
#ifndef EXTENSION_BPFFS_H
#define EXTENSION_BPFFS_H

#include <xslot/diag.h>

enum bpffs_kind { BPFFS_OTHER, BPFFS_PROGRAM, BPFFS_MAP, BPFFS_LINK };

/* An enum bpffs_kind, or -errno when it cannot be seen (/proc tells). */
int bpffs_kind(int fd);

/* Pin what `fd` is to `path`; `what` is for the message ("extension acl"). Fails without a trace. */
int bpffs_pin(int fd, const char *path, const char *what, struct xslot_diag *diag);

/* Open a pin. -EINVAL says what it is when it is not of this kind. */
int bpffs_open(const char *path, enum bpffs_kind kind, int *ret_fd, struct xslot_diag *diag);

#endif
