/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which configuration runs, as the operator asks: rollback, confirm, and what status says of both. Loop
 * thread.
 */
#ifndef HOST_LOOP_TRIAL_H
#define HOST_LOOP_TRIAL_H

#include <stdbool.h>

#include "control/status.h"
#include "host/work/queue.h"

struct host;
struct kept;

/* A trial begins when its configuration is live, and ends when it is confirmed or another one is. */
void trial_begin(struct host *host, unsigned seconds);
void trial_end(struct host *host);
/* Seconds left, at least 1; 0: there is none. */
unsigned trial_left(const struct host *host);

/* The revert was refused: try again later. */
void trial_retry(struct host *host);

/* A reload while a trial runs: the caller is told what to do first. True when it was refused, and is over. */
bool trial_refuse(struct host *host, struct task *task);

/* `xslotctl confirm`. */
void trial_begin_confirm(struct host *host, struct task *task);

/* After each transaction, while the worker rests: what the record says, for status and the log. */
void trial_note(struct host *host);
void kept_clear(struct kept *kept);
void trial_status(const struct host *host, struct status *status);

#endif
