/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The control socket: Varlink, interface io.xslot, on the host's sd-event loop. Loop thread only. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <systemd/sd-event.h>
#include <xslot/diag.h>

#include "control/status.h"

struct server;
struct server_call; /* one method call that waits for its reply */

/*
 * What the host does for the server. A handler replies at once or later, exactly once, with one of the
 * functions below; the call is gone then. A caller that hangs up before is remembered by the server, not by
 * the host.
 */
struct server_handler {
	void (*status)(struct server_call *call, const char *chain, void *data); /* chain: NULL for all */
	void (*reload)(struct server_call *call, void *data);
	void *data;
};

/*
 * Listen on `path` (0660; group xslot when there is one). A socket left behind by a dead host is replaced;
 * one that answers is refused with -EADDRINUSE. Peers are checked with SO_PEERCRED: io.xslot.Status is for
 * everyone who can open the socket, what changes something for root only (error io.xslot.PermissionDenied).
 */
int server_new(sd_event *event, const char *path, const struct server_handler *handler,
	struct server **ret_server, struct xslot_diag *diag);
void server_free(struct server *server); /* accepts NULL; removes the socket */

/* Reply and forget the call. The status stays the caller's. */
void server_reply_status(struct server_call *call, const struct status *status);
void server_reply_reload(struct server_call *call, const struct status_reload *reload);
/* Varlink error io.xslot.NoSuchChain and the like, with parameters.message. */
void server_reply_error(struct server_call *call, const char *error, const char *message);

#endif
