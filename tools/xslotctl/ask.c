/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the host tells reaches a terminal in one way only: escaped, here. A script gets it unchanged. */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

DEFINE_CLEANUP(struct client *, client_close);

int code_of_open(int error)
{
	return error == -EACCES || error == -EPERM ? EXIT_PERMISSION : EXIT_UNREACHABLE;
}

static int make_printable(const struct options *options, json_t **reply)
{
	json_t *clean = printable(*reply);

	json_decref(*reply);
	*reply = clean;
	return clean ? 0 : give_up(options, EXIT_FAILURE, "out of memory");
}

int call_host(const struct options *options, struct client *client, const char *method, json_t *parameters,
	unsigned timeout, json_t **ret_reply)
{
	struct xslot_diag diag = {};
	int r;

	r = client_call(client, method, parameters, timeout, ret_reply, &diag);
	switch (r) {
	case 0:
		return options->json ? 0 : make_printable(options, ret_reply);
	case -EACCES:
		return give_up(options, EXIT_PERMISSION, "%s", diag.message);
	case -ECONNRESET:
	case -ETIMEDOUT:
	case -EPROTO:
		return give_up(options, EXIT_UNREACHABLE, "%s", diag.message);
	default:
		return give_up(options, EXIT_FAILURE, "%s", diag.message);
	}
}

int ask_host(const struct options *options, const char *method, json_t *parameters, unsigned timeout,
	json_t **ret_reply)
{
	CLEANUP(client_close) struct client *client = NULL;
	struct xslot_diag diag = {};
	int r;

	r = client_open(options->socket, &client, &diag);
	if (r == 0)
		return call_host(options, client, method, parameters, timeout, ret_reply);
	json_decref(parameters);
	return give_up(options, code_of_open(r), "%s", diag.message);
}
