/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl clean` while the host runs: chains come off, and stay off until a reload. Loop thread. */
#ifndef HOST_LOOP_TAKEOFF_H
#define HOST_LOOP_TAKEOFF_H

#include "host/loop/loop.h"

struct takeoff {
	struct loop *loop;
	struct chain **chains; /* worker's while it removes them */
	size_t n;
};

/* A task: take off `chain`, NULL: all that run. Owner: struct takeoff. */
extern const struct task_kind takeoff_kind;

/* Log a warning for each chain that is off. */
void takeoff_remind(const struct dataplane *dataplane);

#endif
