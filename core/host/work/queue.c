/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Everything that changes the dataplane ends with a grace period, before which the next change may not begin.
 * So there is one queue for all of it, and each kind of task brings only a function that begins it.
 */
#include "host/work/queue.h"

#include <stdlib.h>
#include <systemd/sd-event.h>

#include "host/loop/host_private.h"
#include "util/cleanup.h"
#include "util/memory.h"

struct task *task_new(void (*begin)(struct host *host, struct task *task), struct server_call *call)
{
	struct task *task = calloc(1, sizeof(*task));
	struct server_peer peer;

	if (!task)
		memory_out();
	task->begin = begin;
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
	free(task->chain);
	free(task);
}

static void task_refuse(struct task *task, const char *why)
{
	calls_refuse(&task->callers, ERROR_FAILED, why);
	task_free(task);
}

static bool task_merge(struct task *into, struct task *task)
{
	if (into->begin != task->begin || task->begin != host_begin_reload || into->wish != HISTORY_FILES ||
		task->wish != HISTORY_FILES || into->confirm || task->confirm || into->dry_run ||
		task->dry_run)
		return false;
	into->allow_detach |= task->allow_detach;
	into->allow_bare |= task->allow_bare;
	into->put_back |= task->put_back;
	asked_merge(&into->asked, &task->asked);
	calls_move(&into->callers, &task->callers);
	task_free(task);
	return true;
}

void queue_add(struct host *host, struct task *task)
{
	struct task **end = &host->waiting;

	if (host->stopping) {
		task_refuse(task, "the host is stopping");
		return;
	}
	if (!host->running) {
		host->running = task;
		task->begin(host, task);
		return;
	}
	for (; *end; end = &(*end)->next) {
		if (!(*end)->next && task_merge(*end, task))
			return;
	}
	*end = task;
}

void queue_next(struct host *host)
{
	task_free(TAKE_PTR(host->running));
	if (host->stopping) {
		sd_event_exit(host->event, 0);
		return;
	}
	outcome_notify_ready(host);
	host->running = host->waiting;
	if (!host->running)
		return;
	host->waiting = TAKE_PTR(host->running->next);
	host->running->begin(host, host->running);
}

void queue_refuse(struct host *host, const char *why)
{
	while (host->waiting) {
		struct task *task = host->waiting;

		host->waiting = task->next;
		task_refuse(task, why);
	}
}

void queue_clear(struct host *host, const char *why)
{
	if (host->running)
		task_refuse(TAKE_PTR(host->running), why);
	queue_refuse(host, why);
}
