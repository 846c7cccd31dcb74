/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Folders in bpffs, and files on disk, whose network namespace is gone. Worker thread. */
#ifndef HOST_KEPT_NAMESPACE_H
#define HOST_KEPT_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "kernel/dispatcher/grace.h"
#include "kernel/pindir.h"
#include "util/thread_role.h"

/*
 * The folder is this namespace's from now on: whatever a host left in it whose namespace is gone is removed,
 * with a warning.
 */
int namespace_take(struct pindir *pins, struct grace *grace, struct xslot_diag *diag) ON_WORKER;

/*
 * Where the kernel has no cookies: is nothing in this folder attached any more, of all that was? 1, 0,
 * -errno. A folder in which nothing was attached is not said to be dead.
 */
int namespace_is_dead(const char *root);
/* The same for the folder that this namespace would have in `bpffs`, before it is opened; 0 with cookies. */
int namespace_would_be_dead(const char *bpffs);

/*
 * Remove the folders of other namespaces in `bpffs` that are gone. Each is logged, and so is each of which
 * that cannot be seen, or that cannot be removed: the last such error is the result. Counts the chains.
 */
int namespace_sweep(const char *bpffs, const struct pindir *own, struct grace *grace, size_t *ret_n,
	struct xslot_diag *diag) ON_WORKER;

/*
 * Was what is kept in this state folder said in another namespace that lived since the machine booted? 1, 0
 * (also when it is not known: an older version's), -errno.
 */
int namespace_of_state_is_another(const char *state);
/* From now on it is this one's. */
int namespace_mark_state(const char *state, struct xslot_diag *diag);

#endif
