/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Chains that `xslotctl clean` took off: they stay off until a reload. L: loop thread. W: worker thread. */
#ifndef HOST_CHAIN_OFF_H
#define HOST_CHAIN_OFF_H

#include "host/chain/dataplane.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

bool off_has(const struct dataplane *dataplane, const char *chain);

/* L: `chain` is off from now on. */
int off_mark(struct dataplane *dataplane, const char *chain, struct xslot_diag *diag) ON_LOOP;

/* W: read into `dataplane` which chains are off; -ENOMEM or what reading the folder said. */
int off_read(struct dataplane *dataplane, struct xslot_diag *diag) ON_WORKER;

/* W: forget the marks, of a namespace that may have been another one. Logs each. */
int off_drop(const struct dataplane *dataplane, struct xslot_diag *diag) ON_WORKER;

/* W: what is off is not wanted. */
void off_apply(const struct dataplane *dataplane, struct setup *setup) ON_WORKER;

/* L: nothing is off any more. A mark that cannot be removed is logged. */
void off_end(struct dataplane *dataplane) ON_LOOP;

#endif
