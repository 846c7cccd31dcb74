/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The chains in the kernel, shown without asking a host: `xslotctl status` when none answers. */
#ifndef HOST_OFFLINE_REMAINS_H
#define HOST_OFFLINE_REMAINS_H

#include <xslot/diag.h>

#include "control/status.h"
#include "util/diag.h"

/*
 * The chains that are pinned in `bpffs` in this network namespace, with their counters; nothing is changed.
 * `only`: one chain; NULL: all. What cannot be read is a warning in `notes`. -ENOENT: there is no such chain.
 * The host's part of the status is empty.
 */
int remains_look(const char *bpffs, const char *only, struct status **ret_status, struct report *notes,
	struct xslot_diag *diag);

#endif
