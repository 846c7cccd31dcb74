/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that come, go and are renamed while the host runs. Loop thread. */
#ifndef HOST_LINKS_H
#define HOST_LINKS_H

#include <xslot/diag.h>

struct host;

/* Begin to watch. What happens from now on leads to a task; what there is, the first load looks up itself. */
int links_open(struct host *host, struct xslot_diag *diag);
/* A task that looks at them now, as if something had happened. */
void links_look(struct host *host);
/* A transaction begins: it is to know what has been reported by now. */
void links_catch_up(struct host *host);
void links_close(struct host *host);

#endif
