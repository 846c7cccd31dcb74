/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/loop/confirm.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/interface.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

/* A refused reload is a reply like any other: its result says so, and it has the reason. */
static void refuse_reload(struct task *task, char *why, unsigned left)
{
	struct status_error error = { .message = why };
	const struct status_reload refused = {
		.result = reload_result_name(RELOAD_REFUSED),
		.at = time(NULL),
		.errors = &error,
		.n_errors = 1,
		.confirm_seconds = left,
	};

	calls_reply(&task->callers, &refused);
}

bool confirm_admits(struct confirm *confirm, struct task *task, const struct reload_request *request)
{
	unsigned left = trial_left(confirm->trial);
	CLEANUP(free) char *why = NULL;

	if (request->wish == HISTORY_REVERT && !left) { /* confirmed at the last moment */
		queue_next(&confirm->loop->queue);
		return false;
	}
	if (!left || (request->wish != HISTORY_FILES && !request->confirm))
		return true;
	if (asprintf(&why,
		    "cannot %s while a configuration awaits its confirmation, for %u more seconds: \"xslotctl confirm\" keeps it, \"xslotctl rollback\" goes back to the previous one",
		    request->wish == HISTORY_FILES ? "reload" : "roll back with --confirm", left) < 0)
		memory_out();
	log_error("%s%s", why, asked_clause(&task->asked));
	refuse_reload(task, why, left);
	queue_next(&confirm->loop->queue);
	return false;
}

static void job_confirm(void *data) ON_WORKER
{
	struct confirm *confirm = data;

	confirm->error = history_confirm(&confirm->loop->dataplane.history, &confirm->diag);
}

static void on_confirmed(void *data) ON_LOOP
{
	struct confirm *confirm = data;
	struct task *task = confirm->loop->queue.running;
	const struct events_about about = { .kind = "confirm", .asked = &task->asked };
	struct server_call *call;

	if (confirm->error < 0) {
		fail_within(
			&confirm->diag, confirm->error, "not confirmed; confirm again before the time is up");
		log_error("%s%s", confirm->diag.message, asked_clause(&task->asked));
		calls_refuse(&task->callers, ERROR_FAILED, confirm->diag.message);
	} else {
		trial_end(confirm->trial);
		kept_note(confirm->kept, &confirm->loop->dataplane.history);
		events_say(&confirm->loop->events, LOG_LEVEL_INFO, &about, "the configuration is confirmed");
	}
	xslot_diag_clear(&confirm->diag);
	while ((call = calls_take(&task->callers)))
		server_reply_confirm(call, "confirmed: the configuration stays");
	queue_next(&confirm->loop->queue);
}

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct confirm *confirm = owner;

	if (trial_left(confirm->trial)) {
		worker_submit(confirm->loop->worker, job_confirm, on_confirmed, confirm);
		return;
	}
	queue_fail(&confirm->loop->queue, ERROR_FAILED,
		confirm->kept->hold == HOLD_UNCONFIRMED
			? "there is nothing to confirm any more: the time was up, and the host went back to the previous configuration"
			: "there is nothing to confirm");
}

const struct task_kind confirm_kind = { .name = "confirm", .begin = begin };
