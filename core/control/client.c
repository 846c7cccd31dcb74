/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Blocking on purpose: a command-line tool has nothing else to do while it waits, and the user can interrupt
 * it with ^C. Every possible failure, from a Varlink error to a socket of another service, becomes one
 * sentence here, so that no verb ever shows JSON or an error number.
 */
#include "control/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "control/interface.h"
#include "control/server.h"
#include "control/varlink.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define CONNECT_TIMEOUT 5 /* seconds */

struct client {
	int fd;
	char *path;
	struct varlink_reader reader;
};

DEFINE_CLEANUP(json_t *, json_decref);
DEFINE_CLEANUP(struct client *, client_close);

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	varlink_reader_clear(&client->reader);
	free(client->path);
	free(client);
}

static int refusal(const char *path, int error, struct xslot_diag *diag)
{
	const char *hint = "";

	if (error == ENOENT || error == ECONNREFUSED)
		hint = "; is xslotd running?";
	else if (error == EACCES || error == EPERM)
		hint = "; it is open to root and to the group xslot";
	else if (error == EAGAIN)
		return fail(diag, -ETIMEDOUT,
			"the host at %s accepted no connection within %d s; it may be stuck, see its log",
			path, CONNECT_TIMEOUT);
	return fail(diag, -error, "cannot reach the host at %s: %s%s", path, strerror(error), hint);
}

int client_open(const char *path, struct client **ret_client, struct xslot_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = CONNECT_TIMEOUT };
	CLEANUP(client_close) struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return refusal(path, ENOMEM, diag);
	client->reader.max = VARLINK_REPLY_MAX;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return refusal(path, errno, diag);
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return fail(diag, -ENAMETOOLONG,
			"cannot reach the host at \"%s\": a socket's path has 1 to %zu characters", path,
			sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	/* A host that hangs fills its queue, and then connecting waits, too. */
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return refusal(path, errno, diag);
	client->path = strdup(path);
	if (!client->path)
		return refusal(path, ENOMEM, diag);
	*ret_client = TAKE_PTR(client);
	return 0;
}

static int client_send(struct client *client, json_t *message)
{
	struct varlink_writer writer = {};
	int r;

	r = varlink_writer_put(&writer, message);
	if (!r)
		r = varlink_writer_flush(&writer, client->fd);
	varlink_writer_clear(&writer);
	return r;
}

static int client_receive(struct client *client, json_t **ret_message)
{
	for (;;) {
		int r = varlink_reader_next(&client->reader, ret_message);

		if (r)
			return r < 0 ? r : 0;
		r = varlink_reader_fill(&client->reader, client->fd);
		if (r <= 0)
			return r ? r : -ECONNRESET;
	}
}

/* Receiving failed; or sending, which leaves the same choices. */
static int transport_failure(
	const struct client *client, int error, unsigned timeout, struct xslot_diag *diag)
{
	switch (error) {
	case -EAGAIN:
		return fail(diag, -ETIMEDOUT,
			"the host at %s did not answer within %u s; it may be stuck, see its log",
			client->path, timeout);
	case -ECONNRESET:
	case -EPIPE:
		return fail(diag, -ECONNRESET,
			"the host at %s closed the connection before it answered: it ended (see its log), or this user has more than %d connections",
			client->path, SERVER_CONNECTIONS_USER);
	case -EBADMSG:
	case -EMSGSIZE:
		return fail(diag, -EPROTO,
			"the program that answers at %s is not an xslot host: it speaks another protocol",
			client->path);
	default:
		return fail(diag, -ECONNRESET, "cannot talk to the host at %s: %s", client->path,
			strerror(-error));
	}
}

static int error_reply(const struct client *client, const char *method, const char *error,
	const json_t *parameters, struct xslot_diag *diag)
{
	const char *message = json_string_value(json_object_get(parameters, "message"));
	const char *name = strrchr(error, '.');
	int code = -EREMOTEIO;

	if (!strcmp(error, ERROR_PERMISSION_DENIED))
		code = -EACCES;
	else if (!strcmp(error, ERROR_NO_SUCH_CHAIN))
		code = -ENOENT;
	else if (!strncmp(error, INTERFACE_SERVICE ".", strlen(INTERFACE_SERVICE ".")))
		return fail(diag, -EOPNOTSUPP,
			"the host at %s does not understand %s (%s): its version differs from that of this program",
			client->path, method, name + 1);
	if (message && *message)
		return fail(diag, code, "%s", message);
	return fail(diag, code, "the host at %s answered %s with the error %s and no reason", client->path,
		method, name ? name + 1 : error);
}

int client_call(struct client *client, const char *method, json_t *parameters, unsigned timeout,
	json_t **ret_reply, struct xslot_diag *diag)
{
	struct timeval limit = { .tv_sec = timeout };
	CLEANUP(json_decref) json_t *message = NULL;
	json_t *reply;
	const char *error;
	int r;

	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	r = client_send(client, varlink_call_new(method, parameters));
	if (!r)
		r = client_receive(client, &message);
	if (r < 0)
		return transport_failure(client, r, timeout, diag);
	error = json_string_value(json_object_get(message, "error"));
	reply = json_object_get(message, "parameters");
	if (error)
		return error_reply(client, method, error, reply, diag);
	if (reply && !json_is_object(reply))
		return transport_failure(client, -EBADMSG, timeout, diag);
	*ret_reply = reply ? json_incref(reply) : json_object();
	return 0;
}
