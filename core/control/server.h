/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The control socket: Varlink, interface io.xslot, on the host's sd-event loop. Loop thread only. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <systemd/sd-event.h>
#include <xslot/diag.h>

#include "control/event.h"
#include "control/interface.h"
#include "control/status.h"

#define SERVER_CONFIRM_MAX 86400   /* seconds that a reload may await its confirmation */
#define SERVER_CONNECTIONS_USER 16 /* connections that a user other than root may have at a time */
#define SERVER_PATIENCE_S 30	   /* seconds that a connection may be without a call in progress */

struct server;
struct server_call; /* one method call that waits for its reply */

/* Who called, when they connected. */
struct server_peer {
	uid_t uid;
	pid_t pid; /* 0: of a process that this process cannot see */
};

struct server_reload {
	bool rollback;	   /* to the configuration before, in place of the files */
	bool allow_detach; /* a change of `mode` may leave an interface bare for a moment */
	bool allow_bare;   /* an interface may be left bare, or its chain without slots */
	bool dry_run;	   /* only find out what would come of it; not for a rollback */
	bool settle;	   /* reply when the old configuration is gone, not when the new one is live */
	unsigned confirm;  /* to be undone unless confirmed within that many seconds; 0: need not be */
};

/* `arguments` are checked by the host. All live until the handler returns. */
struct server_command {
	const char *slot; /* "edge.10" */
	const char *name;
	const char **arguments;
	size_t n;
};

/*
 * What the host does for the server. A handler replies at once or later, exactly once, with one of the
 * functions below; the call is gone then. A caller that hangs up before is remembered by the server, not by
 * the host.
 */
struct server_handler {
	void (*status)(struct server_call *call, const char *chain, void *data); /* chain: NULL for all */
	void (*reload)(struct server_call *call, const struct server_reload *asked, void *data);
	void (*confirm)(struct server_call *call, void *data);
	void (*bypass)(struct server_call *call, const char *chain, bool on, void *data);
	void (*clean)(struct server_call *call, const char *chain, void *data); /* chain: NULL for all */
	/* Those after id `after`; `wait`: not before there are some, or a while has passed. */
	void (*events)(struct server_call *call, uint64_t after, bool wait, void *data);
	/* Of a plugin; the handler decides who may, by server_call_peer(). */
	void (*command)(struct server_call *call, const struct server_command *asked, void *data);
	void *data;
};

/*
 * Listen on `path` (0660; group xslot when that can be, see server_group_error()), making its directory
 * (0755) when that is missing; one that others may write, or that is not ours or root's, is refused (-EPERM).
 * A socket left behind by a dead host is replaced; one that answers is refused with -EADDRINUSE. Peers are
 * checked with SO_PEERCRED: io.xslot.Status is for everyone who can open the socket, changes are for root
 * (and the user that the host runs as) only: error io.xslot.PermissionDenied.
 *
 * The server hangs up on a user's connections beyond SERVER_CONNECTIONS_USER, and on a connection on which
 * for SERVER_PATIENCE_S no call was in progress: a call is from when the server has all of it until its reply
 * is given. Bytes of a call that is not complete give no more time, bytes of the reply that the peer takes
 * do.
 */
int server_new(sd_event *event, const char *path, const struct server_handler *handler,
	struct server **ret_server, struct xslot_diag *diag);

/* 0: the group xslot can open the socket. Else only its owner can, and why: -ENOENT: there is no such group.
 */
int server_group_error(const struct server *server, const char **ret_why);

/* Another time than SERVER_PATIENCE_S, for connections from now on. For tests. */
void server_set_patience(struct server *server, uint64_t us);

/*
 * Hang up on everyone and remove the socket, when it is still ours. Replies given before are sent as far as
 * the peers take them at once. Calls that still wait are to be replied to all the same, before or after:
 * nobody hears it then, but the call is freed. Accepts NULL.
 */
void server_free(struct server *server);

struct server_peer server_call_peer(const struct server_call *call);

/* Reply and forget the call. The status stays the caller's. */
void server_reply_status(struct server_call *call, const struct status *status);
void server_reply_reload(struct server_call *call, const struct status_reload *reload);
void server_reply_confirm(struct server_call *call, const char *message);
/* Was there something to change; and a sentence for the operator. */
void server_reply_bypass(struct server_call *call, bool changed, const char *message);
/* How many chains were taken off. */
void server_reply_clean(struct server_call *call, size_t removed, const char *message);
/* The events stay the caller's; `last` is the id of the last that there was. */
void server_reply_events(
	struct server_call *call, const struct event *const *events, size_t n, uint64_t last);
/* What the plugin answered stays the caller's. */
void server_reply_command(struct server_call *call, const struct status_said *said);
/* A Varlink error (control/interface.h) with parameters.message. */
void server_reply_error(struct server_call *call, const char *error, const char *message);

#endif
