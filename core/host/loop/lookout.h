/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Somebody takes the chain's program off an interface, or puts another into its link: an alarm within
 * seconds, and, unless the chain says `on_detach = alarm`, the chain is attached again. Loop thread.
 */
#ifndef HOST_LOOP_LOOKOUT_H
#define HOST_LOOP_LOOKOUT_H

#include "host/loop/links.h"
#include "util/thread_role.h"

struct lookout {
	struct links *links;
	/* An alarm began or ended. */
	void (*news)(void *data);
	void *data;
	sd_event_source *clock;
};

/* Look now, too: something was reported that may be more than it seems. */
void lookout_look(struct lookout *lookout) ON_LOOP;
int lookout_open(struct lookout *lookout, struct xslot_diag *diag);
void lookout_close(struct lookout *lookout);

#endif
