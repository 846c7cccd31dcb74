/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host's tasks, requested over the socket, by signals and by the host itself: one at a time, in the order
 * of the requests. Loop thread.
 */
#ifndef HOST_WORK_QUEUE_H
#define HOST_WORK_QUEUE_H

#include <stdbool.h>

#include "host/work/asked.h"
#include "host/work/calls.h"
#include "util/thread_role.h"

struct task;

/* One for each thing that can be asked for; constant. */
struct task_kind {
	const char *name;
	/*
	 * Begin it; queue->running is the task then. Whatever it does, on the loop or through the worker,
	 * ends with queue_next() or queue_fail(), after which the task is gone. Its callers have been replied
	 * to before.
	 */
	void (*begin)(void *owner, struct task *task);
	/*
	 * `waiting` and `task` are of this kind and owner, and would run one after the other: true when
	 * `waiting` now does the work of both. NULL: each is made. Callers are merged by the queue.
	 */
	bool (*merge)(struct task *waiting, const struct task *task);
};

struct task {
	const struct task_kind *kind;
	void *owner;	      /* for kind->begin; outlives the queue */
	struct asked asked;   /* for the log */
	struct calls callers; /* refused when the task never runs */
	void *request;	      /* what is asked for, as the kind has it; NULL; freed with the task */
	char *chain;	      /* that it is about, where it is about one */
	struct task *next;
};

struct queue {
	struct task *running;
	struct task *waiting; /* in order */
	bool stopping;
	/* `task` is over: what it leads to may be added. Not called when the queue is stopping. */
	void (*ended)(void *data, const struct task *task);
	/* The queue is stopping, and nothing runs any more. */
	void (*stopped)(void *data);
	void *data;
};

/* A task for `call`, NULL: nobody waits for it. Aborts when out of memory. */
struct task *task_new(const struct task_kind *kind, void *owner, struct server_call *call);

/*
 * Take the task over, and begin it when nothing runs. Of tasks that wait in a row and can be merged one is
 * made. Refused when the queue is stopping.
 */
void queue_add(struct queue *queue, struct task *task) ON_LOOP;

/* The running task is over: begin the next one, if the queue is not stopping. */
void queue_next(struct queue *queue) ON_LOOP;

/* The same, for callers that are told why it was not done; `error` as in control/interface.h. */
void queue_fail(struct queue *queue, const char *error, const char *why) ON_LOOP;

/* Refuse what waits and what comes; the running task ends first. */
void queue_stop(struct queue *queue) ON_LOOP;

/* The worker is gone: refuse also the running task, which has been cut off. */
void queue_clear(struct queue *queue) ON_LOOP;

#endif
