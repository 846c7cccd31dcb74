/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What host.c, reload.c, outcome.c and serve.c share. Loop thread. */
#ifndef HOST_LOOP_HOST_PRIVATE_H
#define HOST_LOOP_HOST_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "control/server.h"
#include "control/status.h"
#include "host/change/transaction.h"
#include "host/loop/host.h"
#include "host/work/queue.h"
#include "host/work/worker.h"

/* What the state folder's record said after the last task, as paths; NULL where there is none. */
struct kept {
	char *current, *previous;
	enum statedir_hold hold;
	char **reasons; /* why it is held */
	size_t n_reasons;
	char *problem; /* with the state folder */
};

struct host {
	sd_event *event;
	char *file;
	struct dataplane dataplane;
	struct worker *worker;
	struct server *server;
	struct transaction *transaction; /* the one that runs */
	struct tier_attempt *attempt;	 /* see tier.h */
	struct task *running;		 /* see queue.h */
	struct task *waiting;		 /* in order */
	struct chain **taken_off;	 /* worker's while it removes them: see takeoff.c */
	size_t n_taken_off;
	struct linkwatch *links;
	sd_event_source *links_source;
	sd_event_source *lookout;
	sd_event_source *links_timer; /* to look at them again, see links_settle() */
	unsigned links_retry;	      /* seconds that it takes; 0: it is not set */
	bool links_wanted;	      /* a task to look at the interfaces waits */
	bool stopping;
	bool ready;	  /* the first load succeeded */
	int start_status; /* the process's, should its start be refused */
	bool adopted; /* … or was refused while something runs that is minded: see transaction_stands_in() */
	bool log_level_kept;
	bool never_fuse;
	bool keep; /* on_stop of the configuration that runs */
	char *socket;
	uint64_t begun_us;
	bool remembered; /* `last` is about the task that runs already */
	struct status_reload last;
	time_t started;
	uint64_t reloads, failed_reloads;
	struct kept kept;
	sd_event_source *trial_clock;
	uint64_t trial_until_us; /* CLOCK_BOOTTIME; 0: nothing awaits its confirmation */
	int confirm_error;	 /* of the task that runs */
	struct xslot_diag confirm_diag;
};

/* NULL: there is none of that name. */
struct chain *host_chain(const struct host *host, const char *name);
/* Why there is no chain of that name, as a sentence; caller frees. */
char *host_no_chain(const struct host *host, const char *name);
/* The running task is about a chain that there is not: its end. */
void host_refuse_chain(struct host *host, struct task *task);
/* After plugin code has run on the worker: watches that met a busy lock go on. */
void host_resume_watches(struct host *host);

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t host_now_us(void);

/* reload.c: the task that moves the dataplane to what the files say, or a kept configuration. */
void host_begin_reload(struct host *host, struct task *task);
/* reload.c: the transaction of the task that runs, to its end. */
void host_begin_transaction(struct host *host, const struct transaction_options *options);

/* outcome.c: log what came of the transaction, and keep it for status and for the callers who wait. */
void outcome_log_errors(const struct host *host);
void outcome_log(const struct host *host);
void outcome_remember(struct host *host, const char *result);
/* To the callers of a dry run: what would come of it. */
void outcome_reply_tried(struct host *host);
void outcome_notify_ready(const struct host *host);

/* serve.c: open the control socket, once. Errors go into the transaction's report. */
int serve_open(struct host *host, const struct config *config);

#endif
