/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `xslotctl clean` while the host runs: a chain is taken off, and stays off, though the files have it, until
 * an operator asks for a reload. A restart of the host or a link event does not bring it back. That it is off
 * is said by an empty folder NAME@off beside the chains' own in bpffs, so it ends with the machine's uptime.
 */
#ifndef HOST_LOOP_TAKEOFF_H
#define HOST_LOOP_TAKEOFF_H

#include "host/change/transaction.h"
#include "host/plan/setup.h"
#include "host/work/queue.h"

/* A task: take off `chain`, NULL: all that run. */
void takeoff_begin(struct host *host, struct task *task);

/* Log a warning for each chain that is off. */
void takeoff_remind(const struct host *host);

/* Is a name in the folder of all chains such a mark, and not a chain? */
bool takeoff_is_mark(const char *name);

/* W: read into `dataplane` which chains are off; -ENOMEM or what reading the folder said. */
int takeoff_read(struct dataplane *dataplane, struct xslot_diag *diag);

/* W: forget the marks, of a namespace that may have been another one. Logs each. */
int takeoff_drop(const struct dataplane *dataplane, struct xslot_diag *diag);

/* W: what is off is not wanted. */
void takeoff_apply(const struct dataplane *dataplane, struct setup *setup);

/* L: nothing is off any more. A mark that cannot be removed is logged. */
void takeoff_end(struct dataplane *dataplane);

bool takeoff_has(const struct dataplane *dataplane, const char *chain);

#endif
