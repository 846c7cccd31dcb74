/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The server: it opens the socket, accepts connections, and closes them all in the end. */
#include "control/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "control/connection.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define ACCEPT_PAUSE_US 1000000ULL /* when accept() fails for want of fds or memory */

static int on_listener(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct server *server = data;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (peer >= 0) {
		connection_accept(server, peer);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		/* The caller stays in the queue: without a pause, the loop would spin on it. */
		sd_event_source_set_enabled(server->listener, SD_EVENT_OFF);
		sd_event_source_set_time_relative(server->pause, ACCEPT_PAUSE_US);
		sd_event_source_set_enabled(server->pause, SD_EVENT_ONESHOT);
	}
	return 0;
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *data)
{
	struct server *server = data;

	sd_event_source_set_enabled(server->listener, SD_EVENT_ON);
	return 0;
}

static int server_watch(struct server *server, int fd)
{
	int r;

	r = sd_event_add_io(server->event, &server->listener, fd, EPOLLIN, on_listener, server);
	if (r < 0)
		return r;
	sd_event_source_set_io_fd_own(server->listener, true);
	r = sd_event_add_time_relative(
		server->event, &server->pause, CLOCK_MONOTONIC, ACCEPT_PAUSE_US, 0, on_pause_over, server);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(server->pause, SD_EVENT_OFF);
}

int server_new(sd_event *event, const char *path, const struct server_handler *handler,
	struct server **ret_server, struct xslot_diag *diag)
{
	struct server *server = calloc(1, sizeof(*server));
	int fd, r;

	if (!server)
		return fail(diag, -ENOMEM, "cannot make the control socket %s: out of memory", path);
	server->handler = *handler;
	server->dispatch = server_dispatch;
	server->patience_us = SERVER_PATIENCE_S * 1000000ULL;
	r = listen_open(path, &fd, &server->file, &server->group, diag);
	if (r < 0) {
		free(server);
		return r;
	}
	server->event = sd_event_ref(event);
	server->path = strdup(path);
	r = server->path ? server_watch(server, fd) : -ENOMEM;
	if (r < 0) {
		if (!server->listener)
			close(fd);
		listen_remove(path, &server->file);
		server_free(server);
		return fail(diag, r, "cannot watch the control socket %s: %s", path, strerror(-r));
	}
	*ret_server = server;
	return 0;
}

int server_group_error(const struct server *server, const char **ret_why)
{
	*ret_why = server->group.why.message;
	return server->group.error;
}

void server_set_patience(struct server *server, uint64_t us)
{
	server->patience_us = us;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	if (server->path)
		listen_remove(server->path, &server->file);
	sd_event_source_disable_unref(server->listener);
	sd_event_source_disable_unref(server->pause);
	while (server->connections) {
		connection_flush(server->connections);
		connection_free(server->connections);
	}
	sd_event_unref(server->event);
	free(server->path);
	free(server);
}
