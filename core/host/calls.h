/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Callers of `xslotctl reload` that wait for a transaction to end. */
#ifndef HOST_CALLS_H
#define HOST_CALLS_H

#include <stddef.h>

#include "control/server.h"

struct calls {
	struct server_call **call;
	size_t n;
};

/* Replies with an error at once when there is no memory. */
void calls_add(struct calls *calls, struct server_call *call);
/* Append all of `from` to `to`; `from` is empty then. */
void calls_move(struct calls *to, struct calls *from);
/* Reply to all, and forget them. */
void calls_reply(struct calls *calls, const struct status_reload *reload);
void calls_refuse(struct calls *calls, const char *why);

#endif
