/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes from a peer of the control socket, in pieces of any size, to the server on a loop of ours.
 * Whatever they are, each message gets what a second reading of the same bytes says, which splits them at
 * their NULs and knows no buffers: one reply for a call, none for one that is oneway, and no more after the
 * first that is not a call. The server holds no more than a message's worth of them, and its connection ends
 * with its peer.
 *
 * An input begins with two bytes. The first: how many bytes are sent at a time, 0: all at once. The second:
 * bit 0, the host replies later; bits 1 to 3, how many more times the rest is sent; bit 4, the peer hangs up
 * at once.
 */
#include <errno.h>
#include <sys/socket.h>

#include "control/connection.h"
#include "fuzz.h"

#define HEAD 2
#define TURNS_MAX 10000000
#define PIECES_MAX 512 /* or a long input takes seconds */
#define BUFFER_MAX (2 * VARLINK_CALL_MAX)

/* What is sent, and what came back. */
struct peer {
	int fd;
	char *replies;
	size_t size;
};

static struct server server;
static bool holds;
static struct server_call *held; /* the one that is not replied to yet */

/* ---- the host ---- */

static void reply(struct server_call *call)
{
	static const struct status_reload reload = { .result = "ok" };

	server_reply_reload(call, &reload);
}

static void take(struct server_call *call)
{
	expect(!held, "a call is there only after the reply to the one before");
	if (holds)
		held = call;
	else
		reply(call);
}

static void on_status(struct server_call *call, const char *chain, void *data)
{
	expect(!chain || strlen(chain) < VARLINK_CALL_MAX, "a chain's name ends");
	if (chain)
		server_reply_error(call, ERROR_NO_SUCH_CHAIN, chain);
	else
		take(call);
}

static void on_reload(struct server_call *call, const struct server_reload *asked, void *data)
{
	expect(asked->confirm <= SERVER_CONFIRM_MAX, "a time to confirm in its range");
	expect(!asked->dry_run || (!asked->confirm && !asked->rollback), "a dry run changes nothing");
	take(call);
}

static void on_confirm(struct server_call *call, void *data)
{
	take(call);
}

static void on_bypass(struct server_call *call, const char *chain, bool on, void *data)
{
	expect(chain != NULL, "a bypass is a chain's");
	server_reply_bypass(call, on, chain);
}

static void on_clean(struct server_call *call, const char *chain, void *data)
{
	server_reply_clean(call, chain ? 1 : 2, chain ? chain : "all");
}

static void set_up(void)
{
	if (server.event)
		return;
	server = (struct server){
		.dispatch = server_dispatch,
		.handler = { on_status, on_reload, on_confirm, on_bypass, on_clean },
		.patience_us = SERVER_PATIENCE_S * 1000000ULL,
	};
	expect(sd_event_new(&server.event) == 0, "there is a loop");
}

/* ---- the peer ---- */

static void receive(struct peer *peer)
{
	char chunk[65536];
	ssize_t n;

	while ((n = recv(peer->fd, chunk, sizeof(chunk), 0)) > 0) {
		peer->replies = realloc(peer->replies, peer->size + (size_t)n);
		expect(peer->replies != NULL, "there is memory");
		memcpy(peer->replies + peer->size, chunk, (size_t)n);
		peer->size += (size_t)n;
	}
}

/* Until nothing happens any more. */
static void pump(struct peer *peer)
{
	unsigned turns = 0;

	do {
		while (sd_event_run(server.event, 0) > 0) {
			expect(++turns < TURNS_MAX, "a loop that comes to rest");
			if (server.connections)
				expect(server.connections->reader.capacity <= BUFFER_MAX, "no more is held");
			receive(peer);
		}
		if (held) {
			struct server_call *call = held;

			held = NULL;
			reply(call);
			turns++;
			continue;
		}
		return;
	} while (true);
}

static void send_all(struct peer *peer, const uint8_t *data, size_t size, size_t each)
{
	if (each && each < size / PIECES_MAX)
		each = size / PIECES_MAX;
	while (size > 0) {
		size_t n = each && each < size ? each : size;
		ssize_t sent = send(peer->fd, data, n, MSG_NOSIGNAL);

		pump(peer);
		if (sent < 0 && errno != EAGAIN)
			return; /* the host hung up */
		data += sent > 0 ? sent : 0;
		size -= sent > 0 ? (size_t)sent : 0;
	}
}

/* Its calls are begun all the same, each after the one before. */
static void leave_at_once(struct peer *peer, const uint8_t *data, size_t size)
{
	if (send(peer->fd, data, size, MSG_NOSIGNAL) < 0)
		return;
	sd_event_run(server.event, 0); /* reads */
	sd_event_run(server.event, 0); /* begins the first call */
	shutdown(peer->fd, SHUT_RDWR);
	pump(peer);
}

/* ---- the second reading ---- */

/* 1: it gets a reply; 0: it gets none; -1: the host hangs up. */
static int reading(const char *text, size_t length)
{
	json_t *message = json_loadb(text, length, 0, NULL);
	int r = 1;

	if (length + 1 > VARLINK_CALL_MAX || !json_is_object(message) ||
		!json_is_string(json_object_get(message, "method")))
		r = -1;
	else if (json_is_true(json_object_get(message, "oneway")))
		r = 0;
	json_decref(message);
	return r;
}

static size_t count_expected(const uint8_t *data, size_t size, unsigned times)
{
	char *text = malloc(size * times + 1), *begin = text, *end;
	size_t n = 0;
	int r = 0;

	expect(text != NULL, "there is memory");
	for (unsigned i = 0; i < times; i++)
		memcpy(text + i * size, data, size);
	while (r >= 0 && (end = memchr(begin, 0, (size_t)(text + size * times - begin)))) {
		r = reading(begin, (size_t)(end - begin));
		n += r > 0;
		begin = end + 1;
	}
	free(text);
	return n;
}

static size_t count_replies(const struct peer *peer)
{
	const char *begin = peer->replies, *end;
	size_t n = 0;

	for (size_t left = peer->size; left > 0; left -= (size_t)(end + 1 - begin), begin = end + 1) {
		json_t *message, *error;

		end = memchr(begin, 0, left);
		expect(end != NULL, "a reply ends");
		message = json_loadb(begin, (size_t)(end - begin), 0, NULL);
		error = json_object_get(message, "error");
		expect(json_is_object(json_object_get(message, "parameters")), "a reply has parameters");
		expect(!error || json_is_string(error), "an error has a name");
		json_decref(message);
		n++;
	}
	return n;
}

static void read_replies(struct peer *peer, const uint8_t *data, size_t size, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		send_all(peer, data + HEAD, size - HEAD, data[0]);
	pump(peer);
	receive(peer);
	expect(count_replies(peer) == count_expected(data + HEAD, size - HEAD, times),
		"a reply for each call");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer peer = {};
	unsigned times;
	int fds[2];

	if (size < HEAD)
		return 0;
	set_up();
	holds = data[1] & 1;
	times = 1 + (data[1] >> 1 & 7);
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0,
		"there is a socket");
	peer.fd = fds[0];
	connection_accept(&server, fds[1]);
	expect(server.connections != NULL, "there is a connection");
	if (data[1] & 16)
		leave_at_once(&peer, data + HEAD, size - HEAD);
	else
		read_replies(&peer, data, size, times);
	close(peer.fd);
	peer.fd = -1;
	pump(&peer);
	expect(!server.connections, "a connection ends with its peer");
	free(peer.replies);
	return 0;
}
