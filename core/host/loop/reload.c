/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A transaction, from the task to its end. Each phase hands over to the next through the worker's `done`, so
 * between phases the loop answers status and takes requests.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "host/loop/bypass.h"
#include "host/loop/fusing.h"
#include "host/loop/host_private.h"
#include "host/loop/links.h"
#include "host/loop/takeoff.h"
#include "host/loop/trial.h"
#include "host/plugin/quarantine.h"
#include "util/log.h"

#define EXIT_CONFIGURATION 78

uint64_t host_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The transaction is over and freed (by the worker): tell everybody. */
static void on_freed(void *data)
{
	struct host *host = data;
	bool refused = strcmp(host->last.result, "refused") == 0;
	bool first_refused = !host->ready && !host->adopted && refused;

	host->transaction = NULL;
	quarantine_leave(!refused && !host->running->dry_run); /* no plugin was started by that */
	host_resume_watches(host);
	calls_reply(&host->running->callers, &host->last);
	if (first_refused) {
		sd_event_exit(host->event, host->start_status);
		return;
	}
	host->ready = true;
	tier_queue(host);
	queue_next(host);
}

static void job_free(void *data)
{
	struct host *host = data;

	transaction_free(host->transaction);
	/* What plugins built and freed, megabytes for acl, glibc would keep, in the heap of either thread. */
	malloc_trim(0);
}

/* A trial begins with its first packets, and ends with those of another configuration. */
static void follow_trial(struct host *host, const char *result)
{
	bool refused = strcmp(result, "refused") == 0;

	if (transaction_is_trial(host->transaction) && !refused)
		trial_begin(host, host->running->confirm);
	else if (host->trial_until_us && !refused)
		trial_end(host);
	else if (host->trial_until_us && host->running->wish == HISTORY_REVERT)
		trial_retry(host);
}

static void finish(struct host *host, const char *result)
{
	const struct config *config = transaction_config(host->transaction);

	host->start_status =
		transaction_report(host->transaction)->no_descriptors ? EXIT_FAILURE : EXIT_CONFIGURATION;
	if (config && strcmp(result, "refused") != 0)
		tier_want(host, config);
	if (transaction_is_of_interfaces(host->transaction)) {
		outcome_log_errors(host);
		links_settle(host, strcmp(result, "refused") == 0);
	} else {
		host->reloads += host->ready;
		host->failed_reloads += host->ready && strcmp(result, "refused") == 0;
		outcome_log(host);
		bypass_remind(host);
		takeoff_remind(host);
		follow_trial(host, result);
		if (!host->remembered)
			outcome_remember(host, result);
	}
	host->remembered = false;
	trial_note(host); /* in the same turn of the loop: whoever looks sees both or neither */
	worker_submit(host->worker, job_free, on_freed, host);
}

static void on_rolled_back(void *data)
{
	finish(data, "refused");
}

/* Nothing has changed, so only who asked hears of it. */
static void on_tried(void *data)
{
	struct host *host = data;

	outcome_reply_tried(host);
	worker_submit(host->worker, job_free, on_freed, host);
}

static void on_released(void *data)
{
	finish(data, "ok");
}

static void job_release(void *data)
{
	transaction_release(((struct host *)data)->transaction);
}

static void on_settled(void *data)
{
	struct host *host = data;

	transaction_retire(host->transaction);
	worker_submit(host->worker, job_release, on_released, host);
}

static void job_settle(void *data)
{
	transaction_settle(((struct host *)data)->transaction);
}

static void job_rollback(void *data)
{
	transaction_rollback(((struct host *)data)->transaction);
}

/*
 * It is live, and nothing can refuse it any more. What is left, to wait for packets that are on their way and
 * to let go of the old instances, is nothing that who asked for the new ones waits for. Who took a program
 * off an interface, or tries something, does wait.
 */
static void tell_early(struct host *host)
{
	if (transaction_is_of_interfaces(host->transaction) || transaction_takes_off(host->transaction) ||
		host->trial_until_us || transaction_is_trial(host->transaction))
		return;
	outcome_remember(host, "ok");
	host->remembered = true;
	trial_note(host);
	calls_reply_early(&host->running->callers, &host->last);
}

static void on_prepared(void *data)
{
	struct host *host = data;
	const struct config *config = transaction_config(host->transaction);
	struct report *report = transaction_report(host->transaction);
	bool stands_in = transaction_stands_in(host->transaction);

	if (transaction_is_dry_run(host->transaction)) {
		worker_submit(host->worker, job_rollback, on_tried, host);
		return;
	}
	if ((report->n_errors == 0 || stands_in) && config && serve_open(host, config) == 0) {
		if (!host->log_level_kept)
			log_set_level(config->host.log_level);
		host->keep = config->host.on_stop == ON_STOP_KEEP;
		if (stands_in) {
			transaction_conclude(host->transaction, host->event);
			links_look(host);
			host->adopted = true;
		}
		if (!stands_in && transaction_is_unchanged(host->transaction)) {
			transaction_conclude(host->transaction, host->event);
			finish(host, "unchanged");
			return;
		}
		if (!stands_in && transaction_commit(host->transaction, host->event) == 0) {
			tell_early(host);
			worker_submit(host->worker, job_settle, on_settled, host);
			return;
		}
	}
	worker_submit(host->worker, job_rollback, on_rolled_back, host);
}

static void job_prepare(void *data)
{
	transaction_prepare(((struct host *)data)->transaction);
}

void host_begin_transaction(struct host *host, const struct transaction_options *options)
{
	links_catch_up(host);
	if (transaction_new(&host->dataplane, options, &host->transaction) < 0) {
		log_error("cannot reload: out of memory");
		calls_refuse(&host->running->callers, ERROR_FAILED, "the host is out of memory");
		queue_next(host);
		return;
	}
	worker_submit(host->worker, job_prepare, on_prepared, host);
}

void host_begin_reload(struct host *host, struct task *task)
{
	const struct transaction_options options = {
		.file = host->file,
		.wish = task->wish,
		.allow_detach = task->allow_detach,
		.allow_bare = task->allow_bare,
		.put_back = task->put_back,
		.confirm = task->confirm > 0,
		.dry_run = task->dry_run,
	};

	if (trial_refuse(host, task))
		return;
	host->begun_us = host_now_us();
	if (task->dry_run) {
		log_info(
			"trying a reload of %s, without making it%s", host->file, asked_clause(&task->asked));
	} else if (host->ready) {
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
			(unsigned long long)host->begun_us);
		if (task->wish == HISTORY_FILES)
			log_info("reloading %s%s", host->file, asked_clause(&task->asked));
		else if (host->kept.previous)
			log_info("going back to the configuration kept in %s%s", host->kept.previous,
				asked_clause(&task->asked));
	}
	host_begin_transaction(host, &options);
}
