/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the host is asked to do, over the socket, by signals and by itself: one task at a time, in the order
 * in which they were asked for. Loop thread.
 */
#ifndef HOST_WORK_QUEUE_H
#define HOST_WORK_QUEUE_H

#include <stdbool.h>

#include "host/kept/history.h"
#include "host/work/asked.h"
#include "host/work/calls.h"

struct host;

struct task {
	/*
	 * Begin it; host->running is the task then. Whatever it does, on the loop or through the worker, ends
	 * with queue_next(), after which the task is gone. Its callers have been replied to before.
	 */
	void (*begin)(struct host *host, struct task *task);
	struct asked asked;	/* for the log */
	struct calls callers;	/* refused when the task never runs */
	enum history_wish wish; /* of a reload: what to move to */
	bool allow_detach;	/* … */
	bool allow_bare;	/* … */
	unsigned confirm;	/* … within these seconds; 0: need not be */
	bool dry_run;		/* of a reload: see transaction.h */
	bool put_back; /* of a reload that an operator asked for: chains that clean took off come back */
	char *chain;   /* that it is about, where it is about one */
	bool on;
	struct task *next;
};

/* A task for `call`, NULL: nobody waits for it. Aborts when out of memory. */
struct task *task_new(void (*begin)(struct host *host, struct task *task), struct server_call *call);

/*
 * Take the task over, and begin it when nothing runs. Of reloads that wait in a row one is made: it reads
 * files that are newer than each of the requests. Refused when the host is stopping.
 */
void queue_add(struct host *host, struct task *task);

/* The running task is over: begin the next one, or end the loop when the host is stopping. */
void queue_next(struct host *host);

/* Refuse and forget what waits; queue_clear() also what runs, which has been cut off. */
void queue_refuse(struct host *host, const char *why);
void queue_clear(struct host *host, const char *why);

#endif
