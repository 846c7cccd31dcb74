/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What transaction.c, transaction_load.c, transaction_hold.c and transaction_ask.c share. */
#ifndef HOST_CHANGE_TRANSACTION_PRIVATE_H
#define HOST_CHANGE_TRANSACTION_PRIVATE_H

#include "host/change/change.h"
#include "host/change/describe.h"
#include "host/change/transaction.h"
#include "host/review/view.h"
#include "util/thread_role.h"

struct transaction {
	struct dataplane *dataplane;
	char *file;
	enum history_wish wish;
	bool allow_detach, allow_bare, interfaces_only;
	bool confirm, put_back, dry_run;
	bool beside;	     /* a check, beside a host that runs with these files */
	bool stands_in;	     /* what was adopted goes on, without the files */
	struct report held;  /* why a start does not go on with the files */
	uint64_t reports;    /* dataplane.reports at first */
	struct files *files; /* what was read */
	struct setup *setup;
	struct setup *previous; /* counted: what ran was made from it */
	struct view *view;
	struct plan *plan;
	struct change *changes; /* one for each wanted chain; `step` NULL where nothing was begun */
	size_t n_changes;
	struct chain **removed;
	size_t n_removed;
	struct lines lines;
	struct report report;
	bool stored; /* packets may have met what was prepared */
};

/* W: what is wanted, and at first what runs. */
int transaction_load(struct transaction *transaction, bool only_check) ON_WORKER;

/* W: what was adopted goes on without the files, if anything was that packets meet. */
bool transaction_stand_in(struct transaction *transaction) ON_WORKER;

/*
 * W: of a start, whose files would leave interfaces bare that run a chain now, or have no chain where what is
 * kept has one. Then it is to go on with what is kept, whole: nothing that was planned or adopted is left,
 * and the plan is to be made once more. Where nothing is kept, -EINVAL, and it stands in.
 */
bool transaction_would_bare(struct transaction *transaction);
int transaction_hold(struct transaction *transaction) ON_WORKER;

#endif
