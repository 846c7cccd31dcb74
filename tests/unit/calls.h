/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Callers of the control socket that are none: what they were told is noted. For one source of a test. */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include <stdio.h>
#include <string.h>

#include "control/server.h"

struct server_call {
	uid_t uid;
	char told[160];
};

struct server_peer server_call_peer(const struct server_call *call)
{
	return (struct server_peer){ .uid = call->uid, .pid = 7 };
}

static void tell(struct server_call *call, const char *what, const char *text)
{
	size_t n = strlen(call->told);

	snprintf(call->told + n, sizeof(call->told) - n, "%s%s: %s", n ? "; " : "", what, text);
}

void server_reply_error(struct server_call *call, const char *error, const char *why)
{
	tell(call, strrchr(error, '.') + 1, why);
}

void server_reply_reload(struct server_call *call, const struct status_reload *reload)
{
	tell(call, "reload", reload->result);
}

void server_reply_command(struct server_call *call, const struct status_said *said)
{
	tell(call, "answer", said->n_texts ? said->texts[0].value : "none");
}

void server_reply_events(struct server_call *call, const struct event *const *events, size_t n, uint64_t last)
{
	tell(call, "events", n ? events[0]->message : "none");
}

#endif
