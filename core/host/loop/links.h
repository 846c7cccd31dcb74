/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that come, go and are renamed while the host runs. Loop thread. */
#ifndef HOST_LOOP_LINKS_H
#define HOST_LOOP_LINKS_H

#include <stdbool.h>
#include <xslot/diag.h>

struct host;

/* Begin to watch. What happens from now on leads to a task; what there is, the first load looks up itself. */
int links_open(struct host *host, struct xslot_diag *diag);
/* A task that looks at them now, as if something had happened. */
void links_look(struct host *host);
/*
 * A look is over. `unknown`: the kernel did not say what is there, so nothing was changed. Then, and while an
 * interface is without its chain for a shortage, there is another look after a while.
 */
void links_settle(struct host *host, bool unknown);
/* A transaction begins: it is to know what has been reported by now. */
void links_catch_up(struct host *host);
void links_close(struct host *host);

#endif
