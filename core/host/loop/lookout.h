/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Somebody takes the chain's program off an interface, or puts another into its link: an alarm within
 * seconds, and, unless the chain says `on_detach = alarm`, the chain is attached again.
 */
#ifndef HOST_LOOP_LOOKOUT_H
#define HOST_LOOP_LOOKOUT_H

#include <stdbool.h>
#include <xslot/diag.h>

#include "host/chain/chain.h"

struct host;

/* Loop thread. Look now, too: something was reported that may be more than it seems. */
void lookout_look(struct host *host);
int lookout_open(struct host *host, struct xslot_diag *diag);
void lookout_close(struct host *host);

/* What status says about an interface that was detached; caller frees. */
char *lookout_reason(const struct chain *chain, const struct chain_interface *interface);

/* After a look at it: is it as somebody made it, and to be left so until an operator reloads? Any thread. */
bool lookout_leaves(const struct chain *chain, const struct chain_interface *interface);

#endif
