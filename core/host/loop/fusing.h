/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The tasks that fuse a chain, or let it run as slots again; see chain/tier.h. Loop thread. */
#ifndef HOST_LOOP_FUSING_H
#define HOST_LOOP_FUSING_H

#include <stdbool.h>

#include "config/config.h"
#include "host/loop/loop.h"
#include "util/thread_role.h"

struct fusing {
	struct loop *loop;
	struct tier_attempt *attempt; /* of the task that runs */
	bool never;		      /* --no-fuse */
};

/* What the files say about each chain. */
void fusing_want(struct fusing *fusing, const struct config *config) ON_LOOP;

/* At the end of a task: queue one for each chain that is to be fused, or no longer. */
void fusing_queue(struct fusing *fusing) ON_LOOP;

/* The worker is gone: what it was at when the host was told to stop. */
void fusing_abandon(struct fusing *fusing);

#endif
