/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl call`: a plugin's command, on the worker, between other tasks. Loop thread. */
#ifndef HOST_COMMAND_COMMAND_H
#define HOST_COMMAND_COMMAND_H

#include "control/server.h"
#include "host/chain/dataplane.h"
#include "host/command/prepare.h"
#include "host/work/queue.h"
#include "host/work/worker.h"
#include "util/diag.h"

#define COMMAND_WAITING_MAX 16	   /* commands that wait at a time … */
#define COMMAND_WAITING_USER_MAX 8 /* … when a user other than root adds one */

struct command {
	struct dataplane *dataplane;
	struct queue *queue;
	struct worker *worker;
	/* Of the task that runs. */
	struct context *context;
	struct prepared prepared;
	struct report report;
};

/* Make a task of it, or refuse it at once when too many wait. */
void command_add(struct command *command, struct server_call *call, const struct server_command *asked)
	ON_LOOP;
/* The worker is gone: forget what the task that ran has answered. */
void command_clear(struct command *command);

#endif
