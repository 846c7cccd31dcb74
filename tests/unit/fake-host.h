/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The real server on a loop of the test's own, against a handler that does as it is told. Nothing runs but in
 * fake_host_pump(), so every interleaving is the test's choice.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "control/server.h"

#define FAKE_HELD_MAX 64

struct fake_host {
	char directory[32], path[64];
	sd_event *event;
	struct server *server;
	bool hold; /* keep the calls in `held` */
	struct server_call *held[FAKE_HELD_MAX];
	unsigned n_held;
	bool quiet; /* reply to a call that waits, with nothing */
	unsigned n_status, n_reload, n_bypass, n_clean, n_rollback, n_events, n_command;
	uint64_t after;		/* of the last call of Events */
	unsigned confirm;	/* of the last reload or rollback */
	bool bypass;		/* of the last one */
	bool allow_detach;	/* of the last reload */
	bool allow_bare;	/* of the last reload */
	bool settle;		/* of the last reload */
	bool dry_run;		/* of the last reload */
	const char *dry_result; /* what it is to say, when healthy */
	char chain[64];		/* what the last status asked for */
	char command[256];	/* the last one, and its arguments, with a | before each */
	size_t ballast;		/* bytes in the last reload's error, to make a long reply */
	size_t more;		/* errors beyond those that the last reload tells */
	const char *name;	/* of the interface, plugin, map, error and so on, in place of its own */
	bool healthy;		/* status: no gap, no bypass, no bad verdicts; reload: "ok", and no errors */
	void (*adjust)(struct status *status); /* what the status is to say; NULL: as it is */
};

/* With a server in a directory of its own; for cmocka. */
int fake_host_setup(void **state);
int fake_host_teardown(void **state);
void fake_host_start(struct fake_host *host);

/* Run the loop until it has nothing to do. A loop that spins never gets there. */
void fake_host_pump(struct fake_host *host);

/* Answer a call that is held. */
void fake_host_reply(struct fake_host *host, struct server_call *call);

/* A peer without manners: non-blocking, and messages as text. */
int raw_open(const char *path);
void raw_send(int fd, const char *text);
/* The next message, as the loop brings it, and not a byte more; NULL when the host hung up. */
json_t *raw_receive(struct fake_host *host, int fd);
/* Receive one message; its error must be `error` (NULL: none). Returns its parameters, a new reference. */
json_t *raw_expect(struct fake_host *host, int fd, const char *error);
/* … with a text in them; `value` NULL: any. */
void raw_expect_text(struct fake_host *host, int fd, const char *error, const char *key, const char *value);
/* Did the host hang up, and send nothing? */
bool raw_is_closed(struct fake_host *host, int fd);
bool raw_is_silent(struct fake_host *host, int fd);

unsigned count_fds(void);

#endif
