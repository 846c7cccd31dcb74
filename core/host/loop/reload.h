/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The task that applies the files, or a kept configuration, to the dataplane: a transaction from begin to
 * end. The owner of the loop is told before and after. Loop thread.
 */
#ifndef HOST_LOOP_RELOAD_H
#define HOST_LOOP_RELOAD_H

#include <stdbool.h>

#include "host/change/transaction.h"
#include "host/loop/loop.h"
#include "host/loop/outcome.h"
#include "util/thread_role.h"

/* What is asked for: task.request of a reload. */
struct reload_request {
	enum history_wish wish; /* what to move to */
	bool allow_detach;	/* these as in struct transaction_options */
	bool allow_bare;
	bool put_back; /* an operator asked for it: chains that clean took off come back */
	bool dry_run;
	unsigned confirm; /* within these seconds; 0: need not be */
};

/* In the order in which they come. `data` is reload->data. */
struct reload_events {
	/* May it begin? If not, the task is over by then. Not of interfaces. */
	bool (*admit)(void *data, struct task *task, const struct reload_request *request);
	/* A transaction begins: the last moment to read what the kernel has reported. */
	void (*begins)(void *data);
	/* The files can be applied, or what was adopted stands in for them: 0, or why not is in the report.
	 */
	int (*prepared)(void *data, const struct config *config, struct transaction *transaction);
	/* Packets meet it, and nothing can refuse it any more; old instances are still there. */
	void (*live)(void *data, struct transaction *transaction, struct task *task);
	/* It is over, and the transaction is about to be freed. */
	void (*over)(
		void *data, struct transaction *transaction, struct task *task, enum reload_result result);
	/* It is freed, and the worker rests. The last one: callers who still wait are replied to here. */
	void (*done)(void *data, struct task *task, enum reload_result result);
};

struct reload {
	struct loop *loop;
	const char *file; /* of -c */
	struct outcome *outcome;
	const struct reload_events *events;
	void *data;
	struct transaction *transaction; /* the one that runs; NULL */
	enum reload_result result;	 /* of it */
};

/* A task. Owner: struct reload. */
extern const struct task_kind reload_kind;

/* The task, with a request that is zeroed. Aborts when out of memory. */
struct task *reload_task(
	struct reload *reload, struct server_call *call, struct reload_request **ret_request);

/* The running task is another one, and makes this transaction of interfaces. */
void reload_interfaces(struct reload *reload) ON_LOOP;

#endif
