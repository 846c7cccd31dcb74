/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/work/calls.h"

#include <stdlib.h>
#include <string.h>

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

void calls_make_early(struct calls *calls)
{
	calls->n_early = calls->n;
}

/* Before those that wait for the end. */
static void add_early(struct calls *calls, struct server_call *call)
{
	size_t n = calls->n;

	calls_add(calls, call);
	if (calls->n == n)
		return;
	memmove(&calls->call[calls->n_early + 1], &calls->call[calls->n_early],
		(n - calls->n_early) * sizeof(struct server_call *));
	calls->call[calls->n_early++] = call;
}

void calls_move(struct calls *to, struct calls *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (i < from->n_early)
			add_early(to, from->call[i]);
		else
			calls_add(to, from->call[i]);
	}
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

void calls_reply_early(struct calls *calls, const struct status_reload *reload)
{
	if (!calls->n_early)
		return;
	for (size_t i = 0; i < calls->n_early; i++)
		server_reply_reload(calls->call[i], reload);
	calls->n -= calls->n_early;
	memmove(calls->call, calls->call + calls->n_early, calls->n * sizeof(struct server_call *));
	calls->n_early = 0;
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
	if (calls->n > 0) {
		calls->n--;
		calls->n_early = calls->n_early < calls->n ? calls->n_early : calls->n;
		return calls->call[calls->n];
	}
	free(calls->call);
	*calls = (struct calls){};
	return NULL;
}
