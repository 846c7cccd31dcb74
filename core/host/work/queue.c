/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Every change of the dataplane ends with a grace period, and the next change may not begin before that. So
 * there is one queue for all of them. It knows no task: each has its kind, and the owner of the queue decides
 * what follows a task.
 */
#include "host/work/queue.h"

#include <stdlib.h>

#include "control/interface.h"
#include "util/cleanup.h"
#include "util/memory.h"

#define STOPPING "the host is stopping"

struct task *task_new(const struct task_kind *kind, void *owner, struct server_call *call)
{
	struct task *task = calloc(1, sizeof(*task));
	struct server_peer peer;

	if (!task)
		memory_out();
	task->kind = kind;
	task->owner = owner;
	if (!call)
		return task;
	peer = server_call_peer(call);
	asked_add(&task->asked, 0, peer.uid, peer.pid);
	calls_add(&task->callers, call);
	return task;
}

static void task_free(struct task *task)
{
	if (!task)
		return;
	free(task->request);
	free(task->chain);
	free(task);
}

static void task_refuse(struct task *task, const char *why)
{
	calls_refuse(&task->callers, ERROR_FAILED, why);
	task_free(task);
}

static bool merge(struct task *waiting, struct task *task)
{
	if (waiting->kind != task->kind || waiting->owner != task->owner || !task->kind->merge ||
		!task->kind->merge(waiting, task))
		return false;
	asked_merge(&waiting->asked, &task->asked);
	calls_move(&waiting->callers, &task->callers);
	task_free(task);
	return true;
}

static void begin(struct queue *queue, struct task *task)
{
	queue->running = task;
	task->kind->begin(task->owner, task);
}

void queue_add(struct queue *queue, struct task *task)
{
	struct task **end = &queue->waiting;

	if (queue->stopping) {
		task_refuse(task, STOPPING);
		return;
	}
	if (!queue->running) {
		begin(queue, task);
		return;
	}
	for (; *end; end = &(*end)->next) {
		if (!(*end)->next && merge(*end, task))
			return;
	}
	*end = task;
}

void queue_next(struct queue *queue)
{
	struct task *task = queue->running;

	/* It counts as running until it is gone, so that what is added meanwhile waits its turn. */
	if (!queue->stopping && queue->ended)
		queue->ended(queue->data, task);
	task_free(TAKE_PTR(queue->running));
	if (queue->stopping) {
		queue->stopped(queue->data);
		return;
	}
	task = queue->waiting;
	if (!task)
		return;
	queue->waiting = TAKE_PTR(task->next);
	begin(queue, task);
}

void queue_fail(struct queue *queue, const char *error, const char *why)
{
	calls_refuse(&queue->running->callers, error, why);
	queue_next(queue);
}

static void refuse_waiting(struct queue *queue)
{
	while (queue->waiting) {
		struct task *task = queue->waiting;

		queue->waiting = task->next;
		task_refuse(task, STOPPING);
	}
}

void queue_stop(struct queue *queue)
{
	queue->stopping = true;
	refuse_waiting(queue);
	if (!queue->running)
		queue->stopped(queue->data);
}

void queue_clear(struct queue *queue)
{
	if (queue->running)
		task_refuse(TAKE_PTR(queue->running), STOPPING);
	refuse_waiting(queue);
}
