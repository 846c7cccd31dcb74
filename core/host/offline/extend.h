/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Extensions of any program on the machine, without a host: `xslotctl extend`. Each is a link, pinned to
 * BPFFS/extend/NAME; hosts keep to BPFFS/NETNS, where NETNS is a number.
 */
#ifndef HOST_OFFLINE_EXTEND_H
#define HOST_OFFLINE_EXTEND_H

#include <time.h>

#include "kernel/target.h"

#define EXTEND_NAME_MAX 63

struct extend_request {
	const char *file;     /* a BPF object file */
	const char *program;  /* NULL: its only one */
	const char *target;   /* as target_open() takes it */
	const char *function; /* a global function of the target */
	const char *name;     /* NULL: that of the extension's program */
};

struct extend_entry {
	char name[EXTEND_NAME_MAX + 1];
	struct target_place place;
	time_t since;
	char trouble[256]; /* "" or why the pin tells nothing */
};

/*
 * Fill the function, and see to it that it stays filled. -EEXIST when the name is taken, -EINVAL when it is
 * none; else the errors of target_open() and of libxslot. On failure nothing has changed.
 */
int extend_fill(const char *bpffs, const struct extend_request *request, struct extend_entry *ret_entry,
	struct xslot_diag *diag);

/* All of them, by name; the array is the caller's to free. */
int extend_list(const char *bpffs, struct extend_entry **ret_entries, size_t *ret_n, struct xslot_diag *diag);

/* Take one off: the original function is back. -ENOENT names those that there are; `ret_entry` is what it
 * was. */
int extend_detach(
	const char *bpffs, const char *name, struct extend_entry *ret_entry, struct xslot_diag *diag);

#endif
