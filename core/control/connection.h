/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What connection.c, server_calls.c and server.c share: a server, its connections, and the current call of
 * each.
 */
#ifndef CONTROL_CONNECTION_H
#define CONTROL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/listen.h"
#include "control/server.h"
#include "control/varlink.h"

struct connection;

struct server {
	sd_event *event;
	char *path;
	struct listen_file file;
	struct server_handler handler;
	int (*dispatch)(struct connection *connection, json_t *message); /* negative: hang up */
	sd_event_source *listener, *pause;
	struct connection *connections;
	uint64_t patience_us;
	struct listen_group group;
};

struct connection {
	struct connection *next, **slot;
	struct server *server;
	int fd;
	sd_event_source *source;
	sd_event_source *idle; /* hangs up; runs while no call is in progress */
	struct server_peer peer;
	struct varlink_reader reader;
	struct varlink_writer writer;
	struct server_call *call; /* the one that waits for its reply */
	bool deaf;		  /* the peer reads no more */
	bool broken;		  /* no reply can be made or sent */
};

struct server_call {
	struct connection *connection; /* NULL when the peer or the server is gone */
	struct server_peer peer;
	bool oneway;
};

/* Serve a new peer, or hang up on it. `fd` is taken over. */
void connection_accept(struct server *server, int fd);
void connection_free(struct connection *connection);

/* Send what the peer takes at once. */
void connection_flush(struct connection *connection);

/*
 * `call` is in progress now; NULL: none is any more. The peer's time without a call stops or begins, and the
 * loop is asked for the next thing that can happen.
 */
int connection_set_call(struct connection *connection, struct server_call *call);

/* server_calls.c: do what the message calls for. Negative: hang up. */
int server_dispatch(struct connection *connection, json_t *message);

#endif
