/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The loop that runs this also changes the dataplane, so a peer must not be able to delay it or to make it
 * grow. Hence the rules of a connection: one step for each wake-up (a read, a call, or a write); one call at
 * a time, and the next one only after its reply has been sent, so that each connection holds at most one call
 * and one reply in memory; nothing is read meanwhile, so a peer that only sends blocks itself. Replies are in
 * order by construction. No peer can lock others out: the number of connections of a user is limited, and a
 * connection without requests is closed after a while.
 */
#include "control/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "util/cleanup.h"

#define CONNECTIONS_OTHERS 256 /* of all users but root, who must always get through */
#define CONNECTIONS_MAX 512    /* of all */

void connection_free(struct connection *connection)
{
	*connection->slot = connection->next;
	if (connection->next)
		connection->next->slot = connection->slot;
	if (connection->call)
		connection->call->connection = NULL;
	sd_event_source_disable_unref(connection->source);
	sd_event_source_disable_unref(connection->idle);
	varlink_reader_clear(&connection->reader);
	varlink_writer_clear(&connection->writer);
	close(connection->fd);
	free(connection);
}

/* The time without a call begins anew. */
static int connection_rest(struct connection *connection)
{
	int r = sd_event_source_set_time_relative(connection->idle, connection->server->patience_us);

	return r < 0 ? r : sd_event_source_set_enabled(connection->idle, SD_EVENT_ONESHOT);
}

/* Ask the loop for the one thing that can happen next. EPOLLHUP comes unasked, hence the switch. */
static int connection_watch(struct connection *connection)
{
	bool waits = varlink_writer_empty(&connection->writer) && varlink_reader_waits(&connection->reader) &&
		     !connection->broken;
	uint32_t events = connection->call ? 0 : waits ? EPOLLIN : EPOLLOUT;
	int r;

	r = sd_event_source_set_io_events(connection->source, events);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(
		connection->source, connection->call && connection->deaf ? SD_EVENT_OFF : SD_EVENT_ON);
}

int connection_set_call(struct connection *connection, struct server_call *call)
{
	int r;

	connection->call = call;
	r = call ? sd_event_source_set_enabled(connection->idle, SD_EVENT_OFF) : connection_rest(connection);
	return r < 0 ? r : connection_watch(connection);
}

/*
 * A peer that takes some of its reply has its time again. One that is there and cannot be sent its reply is
 * hung up on: it would wait for it until that time is over.
 */
void connection_flush(struct connection *connection)
{
	size_t begin = connection->writer.begin;
	int r = connection->deaf ? 0 : varlink_writer_flush(&connection->writer, connection->fd);

	if (r < 0 && r != -EAGAIN && r != -EPIPE && r != -ECONNRESET)
		connection->broken = true;
	if ((r < 0 && r != -EAGAIN) || (connection->writer.begin != begin && connection_rest(connection) < 0))
		connection->deaf = true;
	if (connection->deaf)
		varlink_writer_clear(&connection->writer);
}

/* One step; negative when the connection is done with, for whatever reason. */
static int connection_step(struct connection *connection)
{
	json_t *message;
	int r;

	if (connection->broken)
		return -ENOMEM;
	connection_flush(connection);
	if (connection->broken)
		return -EIO;
	if (connection->call || !varlink_writer_empty(&connection->writer))
		return 0;
	r = varlink_reader_next(&connection->reader, &message);
	if (r > 0) {
		r = connection->server->dispatch(connection, message);
		json_decref(message);
		return r;
	}
	if (r < 0)
		return r;
	r = varlink_reader_fill(&connection->reader, connection->fd);
	if (r == 0) /* end of file, and all that came before it has been answered */
		return -ENOTCONN;
	return r == -EAGAIN ? 0 : r;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct connection *connection = data;

	if (events & EPOLLHUP)
		connection->deaf = true;
	if (connection_step(connection) < 0 || connection_watch(connection) < 0)
		connection_free(connection);
	return 0;
}

/* After all that the peer has sent: its call may have waited for us, not we for it. */
static int on_idle(sd_event_source *source, uint64_t usec, void *data)
{
	connection_free(data);
	return 0;
}

/* One user must not take every place, be it by many connections or by never leaving. */
static bool server_has_room(const struct server *server, uid_t uid)
{
	unsigned all = 0, others = 0, own = 0;

	for (const struct connection *each = server->connections; each; each = each->next) {
		all++;
		others += each->peer.uid != 0;
		own += each->peer.uid == uid;
	}
	if (uid == 0)
		return all < CONNECTIONS_MAX;
	return own < SERVER_CONNECTIONS_USER && others < CONNECTIONS_OTHERS;
}

static int connection_add_sources(struct connection *connection, int fd)
{
	sd_event *event = connection->server->event;
	int r;

	r = sd_event_add_io(event, &connection->source, fd, EPOLLIN, on_connection, connection);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &connection->idle, CLOCK_MONOTONIC,
		connection->server->patience_us, 0, on_idle, connection);
	if (r < 0)
		return r;
	return sd_event_source_set_priority(connection->idle, SD_EVENT_PRIORITY_NORMAL + 1);
}

/* `fd` is taken over, also on failure. */
static int connection_new(struct server *server, int peer)
{
	CLEANUP(close) int fd = peer;
	CLEANUP(free) struct connection *connection = NULL;
	struct ucred peer_credentials;
	socklen_t length = sizeof(peer_credentials);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer_credentials, &length) < 0)
		return -errno;
	if (!server_has_room(server, peer_credentials.uid))
		return -EBUSY;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return -ENOMEM;
	connection->server = server;
	connection->peer = (struct server_peer){ peer_credentials.uid, peer_credentials.pid };
	connection->reader.max = VARLINK_CALL_MAX;
	r = connection_add_sources(connection, fd);
	if (r < 0) {
		sd_event_source_disable_unref(connection->source);
		sd_event_source_disable_unref(connection->idle);
		return r;
	}
	connection->fd = TAKE_FD(fd);
	connection->next = server->connections;
	connection->slot = &server->connections;
	if (connection->next)
		connection->next->slot = &connection->next;
	server->connections = TAKE_PTR(connection);
	return 0;
}

void connection_accept(struct server *server, int fd)
{
	connection_new(server, fd); /* a peer that there is no room for sees the end of file */
}
