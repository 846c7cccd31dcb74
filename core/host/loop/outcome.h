/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The outcome of a transaction, for the log, for status and for the waiting callers. Loop thread. */
#ifndef HOST_LOOP_OUTCOME_H
#define HOST_LOOP_OUTCOME_H

#include "control/status_reload.h"
#include "host/change/transaction.h"
#include "host/events/events.h"
#include "host/work/asked.h"
#include "util/thread_role.h"

enum reload_result {
	RELOAD_NONE, /* there was none yet */
	RELOAD_OK,
	RELOAD_UNCHANGED,
	RELOAD_REFUSED,
	RELOAD_WOULD_CHANGE, /* of a dry run */
};

/* As status says it. */
const char *reload_result_name(enum reload_result result);

struct outcome {
	uint64_t begun_us; /* CLOCK_MONOTONIC: when the reload that runs, or ran last, was begun */
	struct status_reload last;
	uint64_t reloads, failed; /* since the host runs; the start is none */
};

/* Keep it as outcome->last. Errors move out of the transaction. */
void outcome_remember(struct outcome *outcome, struct transaction *transaction, enum reload_result result)
	ON_LOOP;

/* What would come of it; the caller clears it. Errors move out of the transaction. */
void outcome_of_dry_run(
	const struct outcome *outcome, struct transaction *transaction, struct status_reload *ret_reload);

void outcome_log_errors(struct transaction *transaction);

/* `what` was tried, "reload"; `runs`: something runs on when it is refused. */
void outcome_log(struct transaction *transaction, const char *what, bool runs, const struct asked *asked);

/* The event of it; `asked` NULL: nobody asked. None of what changed nothing. Before errors move out. */
void outcome_tell(struct events *events, struct transaction *transaction, const char *what,
	const struct asked *asked) ON_LOOP;

#endif
