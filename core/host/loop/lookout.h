/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * If someone takes the chain's program off an interface, or puts another program into its link, there is an
 * alarm within seconds, and the chain is attached again, unless it has `on_detach = alarm`. Loop thread.
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
