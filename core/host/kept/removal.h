/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Removing chains by their pins alone, whatever state they are in. Only what a host makes is removed:
 * anything else in the same folders is named in a warning and left alone. Any thread.
 */
#ifndef HOST_KEPT_REMOVAL_H
#define HOST_KEPT_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "kernel/dispatcher/grace.h"
#include "util/thread_role.h"

/* Is ROOT/NAME a chain's folder, or what is left of one: 1, 0, -errno. An empty folder is. */
int removal_is_chain(const char *root, const char *name);

/* Remove all that a host made in this folder of a chain, and the folder, if nothing else is in it. */
int removal_forget(const char *folder, struct xslot_diag *diag);

/*
 * Of one chain (`only`), or of all in `root`: detach the interfaces, wait for packets, remove the rest, and
 * the marks of those that are off. Counts the chains.
 */
int removal_run(const char *root, const char *only, struct grace *grace, size_t *ret_n,
	struct xslot_diag *diag) ON_WORKER;

/* What follows the name of a chain that is off; see chain/off.h. */
#define REMOVAL_OFF "@off"

/* Is a name in the folder of all chains such a mark, and not a chain? */
bool removal_is_off(const char *name);

#endif
