/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Pins of running instances, which are opened when they are needed. */
#ifndef KERNEL_PINNED_H
#define KERNEL_PINNED_H

#include <stdint.h>
#include <xslot/diag.h>

#include "extension/bpffs.h"

/* What was pinned, and was closed then. */
struct pinned {
	const char *name;     /* below the folder */
	enum bpffs_kind kind; /* a map or a program */
	uint32_t id;
};

/* The kernel's id of a map or program, for later. 0 or -errno. */
int pinned_id(int fd, enum bpffs_kind kind, uint32_t *ret_id);

/*
 * Open it again, in a folder that may have been renamed since, or hidden behind another mount: `folder` is
 * then "/proc/self/fd/N/...", N being an O_PATH descriptor. -ENOENT says that someone removed the pin, and
 * how to put it back; -ESTALE that it has become another object's. `folder` NULL: -ENOENT.
 */
int pinned_open(const char *folder, const struct pinned *pinned, int *ret_fd, struct xslot_diag *diag);

#endif
