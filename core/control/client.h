/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The other end of the control socket, for xslotctl: one blocking call at a time. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <jansson.h>
#include <xslot/diag.h>

struct client;

/* Connect. The errno is connect()'s: -ENOENT, -ECONNREFUSED, -EACCES, …; or -ETIMEDOUT. */
int client_open(const char *path, struct client **ret_client, struct xslot_diag *diag);
void client_close(struct client *client); /* accepts NULL */

/*
 * Call and wait for the reply; `timeout` seconds for each piece of it, 0: as long as it takes. `parameters`
 * is taken over, NULL for none; `ret_reply` is a new reference to an object. Errors: -EACCES this user may
 * not; -ENOENT no such chain; -EREMOTEIO the host's own error; -EOPNOTSUPP the host does not know the method;
 * -ETIMEDOUT; -ECONNRESET the host went away; -EPROTO what answers speaks no Varlink. After the last three
 * the client is of no more use.
 */
int client_call(struct client *client, const char *method, json_t *parameters, unsigned timeout,
	json_t **ret_reply, struct xslot_diag *diag);

#endif
