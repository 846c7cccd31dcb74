/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which configuration a transaction reads, the files' or one that was kept, and what the state folder's
 * record says once it runs. Worker thread.
 */
#ifndef HOST_HISTORY_H
#define HOST_HISTORY_H

#include <stdbool.h>

#include "config/config.h"
#include "host/statedir.h"

enum history_wish {
	HISTORY_FILES,	  /* what the files say now */
	HISTORY_START,	  /* the files too, but for a hold or a trial that the record tells of */
	HISTORY_PREVIOUS, /* the previous configuration, asked for */
	HISTORY_REVERT,	  /* the same, because nobody confirmed the running one */
};

struct history {
	struct statedir *dir;	 /* NULL: not opened yet, or it cannot be used */
	char *why;		 /* … and why it cannot */
	struct config_host host; /* as the files had it at start: where everything is cannot change */
	bool host_known;
	bool opened;
	struct statedir_record before; /* the transaction */
	bool changed;		       /* the record, by the transaction */
	bool behind;		       /* what will run, or runs by now, is yet to be kept */
};

/*
 * Once, before the first transaction. A folder that cannot be used is logged and does without, except when
 * another host has it: -EBUSY.
 */
int history_open(struct history *history, const char *file, struct xslot_diag *diag);
/*
 * After it was opened: what was held in a network namespace that is gone is not, with a warning. The state
 * folder is this namespace's from now on. `may_be_another`: this kernel cannot tell, and it may have been
 * another one.
 */
void history_settle_namespace(struct history *history, bool may_be_another);
void history_close(struct history *history);

/*
 * Begin: what to read, and the main file's name there; both are the caller's. -ENOENT: there is no previous
 * one. With `confirm` the running configuration is held from now on: a host that dies while it prepares a
 * trial must not start with it.
 */
int history_choose(struct history *history, enum history_wish wish, const char *file, bool confirm,
	struct files **ret_files, char **ret_file, struct xslot_diag *diag);

/*
 * What was read from `files`: a kept configuration runs with today's socket, bpffs and state folder; in the
 * machine's files the state folder may not have changed.
 */
int history_place(const struct history *history, const struct files *files, struct config *config,
	struct report *report);

/*
 * After all was prepared and before the first store: keep what was read, and write the record as it is to be.
 * Where packets may go ahead of the disk it only says `behind`: to be called once more when they have.
 * `unchanged`: nothing will be stored, the dataplane is so already. With `confirm` it becomes a trial. Fails
 * only where it must not go on, and never behind: a trial or the end of a hold that would not outlive the
 * host.
 */
int history_keep(struct history *history, enum history_wish wish, const struct files *files, const char *file,
	bool unchanged, bool confirm, struct xslot_diag *diag);

/* It was refused after all: the record becomes what it was. */
void history_undo(struct history *history);
/* It runs: what is in no record any more is removed. */
void history_done(struct history *history);

/* `xslotctl confirm`: the trial is over, and `current` stays. */
int history_confirm(struct history *history, struct xslot_diag *diag);

#endif
