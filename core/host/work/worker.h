/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The one thread for everything that may block: loading, verifying, waiting for packets. One job at a time.
 */
#ifndef HOST_WORK_WORKER_H
#define HOST_WORK_WORKER_H

#include <systemd/sd-event.h>

#include "util/thread_role.h"

struct worker;

int worker_new(sd_event *event, struct worker **ret_worker);
/*
 * Waits for the job that runs; its `done` is not called any more. What is the worker's is the caller's then:
 * see thread_is_alone(). Accepts NULL.
 */
void worker_free(struct worker *worker);

/* Run `job(data)` on the worker thread, then `done(data)` on the loop. Only when not busy. */
void worker_submit(struct worker *worker, void (*job)(void *data), void (*done)(void *data), void *data)
	ON_LOOP;

#endif
