/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The clock of a trial runs on CLOCK_BOOTTIME: a machine that sleeps locks its operator out all the same. It
 * is only as good as this process; that a dead host's trial ends too, history.c sees to.
 */
#include "host/loop/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/loop/host_private.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define SECOND 1000000ULL
#define RETRY (10 * SECOND)

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	struct task *task = task_new(host_begin_reload, NULL);

	log_error("nobody confirmed the configuration in time: going back to the one before");
	task->wish = HISTORY_REVERT;
	task->allow_detach = true;
	queue_add(data, task);
	return 0;
}

static void set_clock(struct host *host, uint64_t in_us)
{
	int r;

	sd_event_source_disable_unref(TAKE_PTR(host->trial_clock));
	r = sd_event_add_time_relative(
		host->event, &host->trial_clock, CLOCK_BOOTTIME, in_us, 0, on_time, host);
	/* Without it nothing would revert what was promised to be reverted: the next start does. */
	if (r < 0) {
		log_error("cannot set a clock: %s", strerror(-r));
		memory_out();
	}
}

void trial_begin(struct host *host, unsigned seconds)
{
	host->trial_until_us = now_us() + seconds * SECOND;
	set_clock(host, seconds * SECOND);
}

void trial_end(struct host *host)
{
	host->trial_until_us = 0;
	sd_event_source_disable_unref(TAKE_PTR(host->trial_clock));
}

void trial_retry(struct host *host)
{
	log_error("going back was refused: trying again in %llu seconds", RETRY / SECOND);
	set_clock(host, RETRY);
}

unsigned trial_left(const struct host *host)
{
	uint64_t now = now_us();

	if (!host->trial_until_us)
		return 0;
	return host->trial_until_us <= now + SECOND
		       ? 1
		       : (unsigned)((host->trial_until_us - now + SECOND - 1) / SECOND);
}

/* A refused reload is a reply like any other: its result says so, and it has the reason. */
static void refuse_reload(struct task *task, char *why, unsigned left)
{
	struct status_error error = { .message = why };
	const struct status_reload refused = {
		.result = "refused",
		.at = time(NULL),
		.errors = &error,
		.n_errors = 1,
		.confirm_seconds = left,
	};

	calls_reply(&task->callers, &refused);
}

bool trial_refuse(struct host *host, struct task *task)
{
	CLEANUP(free) char *why = NULL;

	if (task->wish == HISTORY_REVERT && !host->trial_until_us) { /* confirmed at the last moment */
		queue_next(host);
		return true;
	}
	if (!host->trial_until_us || (task->wish != HISTORY_FILES && !task->confirm))
		return false;
	if (asprintf(&why,
		    "cannot %s while a configuration awaits its confirmation, for %u more seconds: \"xslotctl confirm\" keeps it, \"xslotctl rollback\" goes back to the one before",
		    task->wish == HISTORY_FILES ? "reload" : "try another", trial_left(host)) < 0)
		memory_out();
	log_error("%s%s", why, asked_clause(&task->asked));
	refuse_reload(task, why, trial_left(host));
	queue_next(host);
	return true;
}

static void job_confirm(void *data)
{
	struct host *host = data;

	host->confirm_error = history_confirm(&host->dataplane.history, &host->confirm_diag);
}

static void on_confirmed(void *data)
{
	struct host *host = data;
	struct calls *callers = &host->running->callers;
	struct server_call *call;

	if (host->confirm_error < 0) {
		fail_within(&host->confirm_diag, host->confirm_error,
			"not confirmed, and to be confirmed again before the time is up");
		log_error("%s%s", host->confirm_diag.message, asked_clause(&host->running->asked));
		calls_refuse(callers, ERROR_FAILED, host->confirm_diag.message);
	} else {
		trial_end(host);
		trial_note(host);
		log_info("the configuration is confirmed%s", asked_clause(&host->running->asked));
	}
	xslot_diag_clear(&host->confirm_diag);
	while ((call = calls_take(callers)))
		server_reply_confirm(call, "confirmed: the configuration stays");
	queue_next(host);
}

void trial_begin_confirm(struct host *host, struct task *task)
{
	if (host->trial_until_us) {
		worker_submit(host->worker, job_confirm, on_confirmed, host);
		return;
	}
	calls_refuse(&task->callers, ERROR_FAILED,
		host->kept.hold == HOLD_UNCONFIRMED
			? "there is nothing to confirm any more: time was up, and the host went back to the configuration before"
			: "there is nothing to confirm");
	queue_next(host);
}

/* NULL when there is none. */
static char *kept_folder(const struct history *history, unsigned number)
{
	return number ? statedir_root(history->dir, number) : NULL;
}

static void copy_reasons(const struct history *history, struct kept *kept)
{
	kept->reasons = calloc(history->n_reasons + 1, sizeof(*kept->reasons));
	if (!kept->reasons)
		memory_out();
	for (size_t i = 0; kept->hold && i < history->n_reasons; i++)
		kept->reasons[kept->n_reasons++] = memory_copy(history->reasons[i]);
}

void kept_clear(struct kept *kept)
{
	for (size_t i = 0; i < kept->n_reasons; i++)
		free(kept->reasons[i]);
	free(kept->reasons);
	free(kept->current);
	free(kept->previous);
	free(kept->problem);
	*kept = (struct kept){};
}

void trial_note(struct host *host)
{
	const struct history *history = &host->dataplane.history;
	const struct statedir_record none = {},
				     *record = history->dir ? statedir_record(history->dir) : &none;
	CLEANUP(free) char *before = TAKE_PTR(host->kept.current);

	kept_clear(&host->kept);
	host->kept = (struct kept){
		.hold = record->hold,
		.current = kept_folder(history, history->behind ? 0 : record->current.number),
		.previous = kept_folder(history, history->behind && record->current.number
							 ? record->current.number
							 : record->previous.number),
		.problem = history->why ? memory_copy(history->why) : NULL,
	};
	copy_reasons(history, &host->kept);
	if (host->kept.hold && (!before || strcmp(before, host->kept.current) != 0))
		log_warning(
			"held on the configuration kept in %s: restarts go on with it, and \"xslotctl reload\" applies the files",
			host->kept.current);
}

void trial_status(const struct host *host, struct status *status)
{
	static const char *const held[] = { [HOLD_ROLLBACK] = "rollback",
		[HOLD_UNCONFIRMED] = "unconfirmed",
		[HOLD_BARE] = "bare",
		[HOLD_CRASH] = "crash" };
	const struct kept *kept = &host->kept;
	struct status_configuration *configuration = &status->configuration;

	configuration->current = kept->current ? memory_copy(kept->current) : NULL;
	configuration->previous = kept->previous ? memory_copy(kept->previous) : NULL;
	configuration->problem = kept->problem ? memory_copy(kept->problem) : NULL;
	configuration->held = held[kept->hold];
	configuration->confirm_seconds = trial_left(host);
	configuration->reasons = calloc(kept->n_reasons + 1, sizeof(*configuration->reasons));
	if (!configuration->reasons)
		memory_out();
	for (size_t i = 0; i < kept->n_reasons; i++)
		configuration->reasons[configuration->n_reasons++] = memory_copy(kept->reasons[i]);
}
