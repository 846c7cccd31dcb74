/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Callers that wait for a task to end. */
#ifndef HOST_WORK_CALLS_H
#define HOST_WORK_CALLS_H

#include <stddef.h>

#include "control/server.h"

struct calls {
	struct server_call **call;
	size_t n;
	size_t n_early; /* so many of the first need not wait for the end: see calls_reply_early() */
};

/* Replies with an error at once when there is no memory. */
void calls_add(struct calls *calls, struct server_call *call);
/* All that are in it. */
void calls_make_early(struct calls *calls);
/* Add all of `from` to `to`; `from` is empty then. */
void calls_move(struct calls *to, struct calls *from);
/* Reply to all, and forget them. `error`: see control/interface.h. */
void calls_reply(struct calls *calls, const struct status_reload *reload);
/* To those only who need not wait for the end. */
void calls_reply_early(struct calls *calls, const struct status_reload *reload);
void calls_refuse(struct calls *calls, const char *error, const char *why);
/* One that is to be replied to by the caller of this, and is forgotten here; NULL: there is none left. */
struct server_call *calls_take(struct calls *calls);

#endif
