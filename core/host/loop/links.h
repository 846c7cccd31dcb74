/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that come, go and are renamed while the host runs. Loop thread. */
#ifndef HOST_LOOP_LINKS_H
#define HOST_LOOP_LINKS_H

#include <stdbool.h>

#include "host/loop/loop.h"
#include "host/loop/reload.h"
#include "kernel/netdev/linkwatch.h"
#include "util/thread_role.h"

struct links {
	struct loop *loop;
	struct reload *reload;
	/* Something was reported of an interface of a chain, before a task looks at it. */
	void (*concerned)(void *data);
	void *data;
	struct linkwatch *watch;
	sd_event_source *source;
	sd_event_source *timer; /* to look again, see links_settle() */
	unsigned retry;		/* seconds that it takes; 0: it is not set */
	bool wanted;		/* a task that looks waits */
};

/* A task: see links_look(). */
extern const struct task_kind links_kind;

/* Begin to watch. What happens from now on leads to a task; what there is, the first load looks up itself. */
int links_open(struct links *links, struct xslot_diag *diag);
/* A task that looks at them now, as if something had happened. */
void links_look(struct links *links) ON_LOOP;
/*
 * A look is over. `unknown`: the kernel did not say what is there, so nothing was changed. Then, and while an
 * interface is without its chain for a shortage, there is another look after a while.
 */
void links_settle(struct links *links, bool unknown) ON_LOOP;
/* A transaction begins: it is to know what has been reported by now. */
void links_catch_up(struct links *links) ON_LOOP;
void links_close(struct links *links);

#endif
