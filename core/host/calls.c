/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/calls.h"

#include <stdlib.h>

#include "control/interface.h"

void calls_add(struct calls *calls, struct server_call *call)
{
	struct server_call **more = reallocarray(calls->call, calls->n + 1, sizeof(struct server_call *));

	if (!more) {
		server_reply_error(call, ERROR_FAILED, "the host is out of memory");
		return;
	}
	calls->call = more;
	more[calls->n++] = call;
}

void calls_move(struct calls *to, struct calls *from)
{
	for (size_t i = 0; i < from->n; i++)
		calls_add(to, from->call[i]);
	free(from->call);
	*from = (struct calls){};
}

void calls_reply(struct calls *calls, const struct status_reload *reload)
{
	for (size_t i = 0; i < calls->n; i++)
		server_reply_reload(calls->call[i], reload);
	free(calls->call);
	*calls = (struct calls){};
}

void calls_refuse(struct calls *calls, const char *error, const char *why)
{
	for (size_t i = 0; i < calls->n; i++)
		server_reply_error(calls->call[i], error, why);
	free(calls->call);
	*calls = (struct calls){};
}

struct server_call *calls_take(struct calls *calls)
{
	if (calls->n > 0)
		return calls->call[--calls->n];
	free(calls->call);
	*calls = (struct calls){};
	return NULL;
}
