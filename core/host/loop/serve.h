/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The handlers of the control socket's methods. Loop thread. */
#ifndef HOST_LOOP_SERVE_H
#define HOST_LOOP_SERVE_H

#include "config/config.h"
#include "control/server.h"
#include "util/diag.h"
#include "util/thread_role.h"

struct host;

struct serve {
	struct server *server; /* NULL: not opened yet */
	char *socket;
};

/*
 * Open the socket, once, before the first commit: two hosts with one socket must not both reach for the
 * interfaces. Later the configuration must say the same. Errors go into the report.
 */
int serve_open(struct host *host, const struct config *config, struct report *report) ON_LOOP;
void serve_close(struct serve *serve);

#endif
