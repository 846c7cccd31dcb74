/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `status`: of whom. A host that is there is asked; without one, or with --bpffs, see pinned.c.
 */
#include <errno.h>

#include "ask.h"
#include "control/interface.h"
#include "control/status_json.h"
#include "util/cleanup.h"
#include "watch.h"

DEFINE_CLEANUP(struct client *, client_close);
DEFINE_CLEANUP(json_t *, json_decref);

int verb_status(const struct options *options, int argc, char **argv)
{
	const char *chain = argc ? argv[0] : NULL;
	CLEANUP(client_close) struct client *client = NULL;
	CLEANUP(json_decref) json_t *status = NULL;
	struct xslot_diag diag = {};
	int r;

	if (options->watch && (options->json || options->problems || options->bpffs))
		return give_up(options, EXIT_USAGE, "--watch shows a running host to eyes, without %s",
			options->json	    ? "--json"
			: options->problems ? "--problems"
					    : "--bpffs");
	if (options->bpffs)
		return status_pins(options, chain, NULL);
	r = client_open(options->socket, &client, &diag);
	if ((r == -ENOENT || r == -ECONNREFUSED) && !options->watch)
		return status_pins(options, chain, diag.message);
	if (r < 0)
		return give_up(options, code_of_open(r), "%s", diag.message);
	if (options->watch)
		return status_watch(options, client, chain);
	r = call_host(options, client, INTERFACE_XSLOT ".Status",
		chain ? json_pack("{s:o}", "chain", json_text(chain)) : NULL, STATUS_TIMEOUT, &status);
	return r ? r : print_status(options, status, chain != NULL);
}
