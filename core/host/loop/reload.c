/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Each phase starts the next one through the worker's `done`, so between phases the loop answers status and
 * accepts requests.
 */
#include "host/loop/reload.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "host/plugin/quarantine.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"

/* The transaction is over and freed (by the worker): tell everybody. */
static void on_freed(void *data) ON_LOOP
{
	struct reload *reload = data;
	const struct reload_request *request = reload->loop->queue.running->request;
	bool ran = reload->result != RELOAD_REFUSED && !(request && request->dry_run);

	reload->transaction = NULL;
	quarantine_leave(ran); /* else no plugin was started by that */
	dataplane_resume_watches(&reload->loop->dataplane);
	reload->events->done(reload->data, reload->loop->queue.running, reload->result);
}

static void job_free(void *data) ON_WORKER
{
	struct reload *reload = data;

	transaction_free(reload->transaction);
	/* What plugins built and freed, megabytes for acl, glibc would keep, in the heap of either thread. */
	malloc_trim(0);
}

static void finish(struct reload *reload, enum reload_result result) ON_LOOP
{
	reload->result = result;
	reload->events->over(reload->data, reload->transaction, reload->loop->queue.running, result);
	worker_submit(reload->loop->worker, job_free, on_freed, reload);
}

static void on_rolled_back(void *data) ON_LOOP
{
	finish(data, RELOAD_REFUSED);
}

/* Nothing has changed, so only who asked hears of it. */
static void on_tried(void *data) ON_LOOP
{
	struct reload *reload = data;
	struct status_reload tried = {};

	outcome_of_dry_run(reload->outcome, reload->transaction, &tried);
	calls_reply(&reload->loop->queue.running->callers, &tried);
	status_reload_clear(&tried);
	reload->result = RELOAD_UNCHANGED;
	worker_submit(reload->loop->worker, job_free, on_freed, reload);
}

static void on_released(void *data) ON_LOOP
{
	struct reload *reload = data;

	transaction_activate(reload->transaction, reload->loop->event);
	finish(reload, RELOAD_OK);
}

static void job_release(void *data) ON_WORKER
{
	transaction_release(((struct reload *)data)->transaction);
}

static void on_settled(void *data) ON_LOOP
{
	struct reload *reload = data;

	transaction_retire(reload->transaction);
	worker_submit(reload->loop->worker, job_release, on_released, reload);
}

static void job_settle(void *data) ON_WORKER
{
	transaction_settle(((struct reload *)data)->transaction);
}

static void job_rollback(void *data) ON_WORKER
{
	transaction_rollback(((struct reload *)data)->transaction);
}

/* True when it ended or went on here; else it is to be rolled back. */
static bool apply(struct reload *reload) ON_LOOP
{
	struct transaction *transaction = reload->transaction;
	sd_event *event = reload->loop->event;

	if (transaction_stands_in(transaction)) {
		transaction_conclude(transaction, event);
		return false;
	}
	if (transaction_is_unchanged(transaction)) {
		transaction_conclude(transaction, event);
		finish(reload, RELOAD_UNCHANGED);
		return true;
	}
	if (transaction_commit(transaction, event) < 0)
		return false;
	reload->events->live(reload->data, transaction, reload->loop->queue.running);
	worker_submit(reload->loop->worker, job_settle, on_settled, reload);
	return true;
}

static void on_prepared(void *data) ON_LOOP
{
	struct reload *reload = data;
	struct transaction *transaction = reload->transaction;
	const struct config *config = transaction_config(transaction);
	bool usable = transaction_report(transaction)->n_errors == 0 || transaction_stands_in(transaction);

	if (transaction_is_dry_run(transaction)) {
		worker_submit(reload->loop->worker, job_rollback, on_tried, reload);
		return;
	}
	if (usable && config && reload->events->prepared(reload->data, config, transaction) == 0 &&
		apply(reload))
		return;
	worker_submit(reload->loop->worker, job_rollback, on_rolled_back, reload);
}

static void job_prepare(void *data) ON_WORKER
{
	transaction_prepare(((struct reload *)data)->transaction);
}

static void begin_transaction(struct reload *reload, const struct transaction_options *options) ON_LOOP
{
	reload->events->begins(reload->data);
	reload->transaction = transaction_new(&reload->loop->dataplane, options);
	worker_submit(reload->loop->worker, job_prepare, on_prepared, reload);
}

void reload_interfaces(struct reload *reload)
{
	const struct transaction_options options = { .file = reload->file, .interfaces_only = true };

	begin_transaction(reload, &options);
}

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct reload *reload = owner;
	const struct reload_request *request = task->request;
	const struct transaction_options options = {
		.file = reload->file,
		.wish = request->wish,
		.allow_detach = request->allow_detach,
		.allow_bare = request->allow_bare,
		.put_back = request->put_back,
		.confirm = request->confirm > 0,
		.dry_run = request->dry_run,
	};

	if (!reload->events->admit(reload->data, task, request))
		return;
	reload->outcome->begun_us = clock_us(CLOCK_MONOTONIC);
	if (request->dry_run)
		log_info("dry run of a reload of %s%s", reload->file, asked_clause(&task->asked));
	else if (reload->loop->state == HOST_RUNNING)
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
			(unsigned long long)reload->outcome->begun_us);
	begin_transaction(reload, &options);
}

/* One reload reads files that are newer than each of the requests. */
static bool merge(struct task *waiting, const struct task *task)
{
	struct reload_request *into = waiting->request;
	const struct reload_request *from = task->request;

	if (into->wish != HISTORY_FILES || from->wish != HISTORY_FILES || into->confirm || from->confirm ||
		into->dry_run || from->dry_run)
		return false;
	into->allow_detach |= from->allow_detach;
	into->allow_bare |= from->allow_bare;
	into->put_back |= from->put_back;
	return true;
}

const struct task_kind reload_kind = { .name = "reload", .begin = begin, .merge = merge };

struct task *reload_task(struct reload *reload, struct server_call *call, struct reload_request **ret_request)
{
	struct task *task = task_new(&reload_kind, reload, call);

	*ret_request = task->request = memory_must(calloc(1, sizeof(**ret_request)));
	return task;
}
