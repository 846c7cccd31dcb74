/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A reload, whole: from the files, or from kept ones, to the running dataplane, all or nothing. The phases
 * alternate between the worker (W), which may block, and the loop (L), which alone writes the dataplane:
 *
 *	W prepare -> unchanged: free
 *	          -> errors:    W rollback, free
 *	          -> L commit   -> failed: W rollback, free
 *	                        -> W settle -> L retire -> W release -> L activate -> free
 */
#ifndef HOST_CHANGE_TRANSACTION_H
#define HOST_CHANGE_TRANSACTION_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "host/chain/dataplane.h"
#include "host/kept/history.h"
#include "util/diag.h"
#include "util/thread_role.h"

struct transaction_options {
	const char *file;
	enum history_wish wish;
	bool allow_detach; /* a change of `mode` may leave an interface bare for a moment */
	bool allow_bare;   /* … or for good, or without slots; see plan.h */
	bool confirm;	   /* a trial: to be reverted unless it is confirmed */
	bool put_back;	   /* chains that are off come back */
	bool dry_run;	   /* only find out what would be refused, and what would change */
	/*
	 * The files are not read: what runs stays, and only its interfaces become those that exist now. One
	 * that refuses is noted and no error.
	 */
	bool interfaces_only;
};

struct transaction;

/* Never NULL: small, and of our own accord, see util/memory.h. */
struct transaction *transaction_new(struct dataplane *dataplane, const struct transaction_options *options)
	ON_LOOP;
void transaction_free(struct transaction *transaction) ON_WORKER; /* accepts NULL */

int transaction_prepare(struct transaction *transaction) ON_WORKER;
int transaction_commit(struct transaction *transaction, sd_event *event) ON_LOOP;
void transaction_rollback(struct transaction *transaction) ON_WORKER;
void transaction_settle(struct transaction *transaction) ON_WORKER;
void transaction_retire(struct transaction *transaction) ON_LOOP;
void transaction_release(struct transaction *transaction) ON_WORKER;
void transaction_activate(struct transaction *transaction, sd_event *event) ON_LOOP;

/* L: instead of a commit, when it is unchanged, or stands in. */
void transaction_conclude(struct transaction *transaction, sd_event *event) ON_LOOP;

/* After prepare. */
bool transaction_is_of_interfaces(const struct transaction *transaction); /* see the option */
bool transaction_is_dry_run(const struct transaction *transaction);	  /* see the option */
bool transaction_is_unchanged(const struct transaction *transaction);
/* It is refused, but what was adopted runs on, and is to be minded. */
bool transaction_stands_in(const struct transaction *transaction);
const struct config *transaction_config(
	const struct transaction *transaction); /* NULL when it did not parse */
struct report *transaction_report(struct transaction *transaction);
/* After prepare: a trial will begin when it is live. */
bool transaction_is_trial(const struct transaction *transaction);
/* After commit: an interface, or all of a chain, is to be without our program when it is released. */
bool transaction_takes_off(const struct transaction *transaction);
/* After prepare: what it will change, a line each; owned by the transaction. */
size_t transaction_changes(const struct transaction *transaction, char *const **ret_lines);

/*
 * Read the files, look at what runs here, and verify all that a start, or a reload of the host that runs,
 * would do up to attaching. `freplace`: the kernel takes extensions. `ret_reload`: a host runs with these
 * files.
 */
int transaction_check(struct transaction *transaction, bool freplace, bool *ret_reload) ON_WORKER;

#endif
