/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which configuration a transaction reads, the files' or a kept one, and what the state folder's record says
 * once it runs. Worker thread.
 */
#ifndef HOST_KEPT_HISTORY_H
#define HOST_KEPT_HISTORY_H

#include <stdbool.h>

#include "config/config.h"
#include "host/kept/statedir.h"
#include "util/thread_role.h"

enum history_wish {
	HISTORY_FILES,	  /* what the files say now */
	HISTORY_START,	  /* the files too, but for a hold or a trial that the record tells of */
	HISTORY_PREVIOUS, /* the previous configuration, asked for */
	HISTORY_REVERT,	  /* the same, because nobody confirmed the running one */
};

struct history_ask {
	enum history_wish wish;
	bool confirm; /* it is a trial */
};

struct history {
	struct statedir *dir;	 /* NULL: not opened yet, or it cannot be used */
	char *why;		 /* … and why it cannot; or what could not be kept in it last; NULL */
	struct config_host host; /* as the files had it at start: where everything is cannot change */
	bool host_known;
	bool opened;
	char **reasons; /* why it is held, a sentence each, as far as that was found out by this host */
	size_t n_reasons;
	struct statedir_record before; /* the transaction */
	bool changed;		       /* the record, by the transaction */
	bool live, live_now;	       /* something of this host's ran; by the transaction */
	bool cut_off;		       /* the host before was */
	bool marked;		       /* this one left the mark that session.h tells of */
	char *description;	       /* of the files that were read: see session.h; NULL */
	bool requested; /* packets may have met what it applies now; or what a host that was cut off did, */
	bool requested_bare; /* with --allow-bare */
	bool behind;	     /* what will run, or runs by now, is yet to be kept */
};

/*
 * Once, before the first transaction. A folder that cannot be used is logged and does without, except when
 * another host has it: -EBUSY.
 */
int history_open(struct history *history, const char *file, struct xslot_diag *diag) ON_WORKER;
/*
 * After it was opened: what was held in a network namespace that is gone is not, with a warning. The state
 * folder is this namespace's from now on. `may_be_another`: this kernel cannot tell, and it may have been
 * another one.
 */
void history_settle_namespace(struct history *history, bool may_be_another) ON_WORKER;
void history_close(struct history *history);

/*
 * Begin: what to read, and the main file's name there; both are the caller's. -ENOENT: there is no previous
 * one. With `confirm` the running configuration is held from now on: a host that dies while it prepares a
 * trial must not start with it.
 */
int history_choose(struct history *history, const struct history_ask *ask, const char *file,
	struct files **ret_files, char **ret_file, struct xslot_diag *diag) ON_WORKER;

/*
 * What was read from `files`: a kept configuration runs with today's socket, bpffs and state folder; in the
 * machine's files the state folder may not have changed.
 */
int history_place(const struct history *history, const struct files *files, struct config *config,
	struct report *report);

/*
 * A reload has read `files` from the machine. Should this host die when packets may have met them, the next
 * one goes on with them, if none was touched since it read them.
 */
void history_read(struct history *history, const struct files *files, const char *file, bool allow_bare)
	ON_WORKER;

/*
 * After all was prepared and before the first store: keep what was read, and write the record as it is to be.
 * Where packets may go ahead of the disk it only says `behind`: to be called once more when they have.
 * `unchanged`: nothing will be stored, the dataplane is so already. With `confirm` it becomes a trial. Fails
 * only where it must not go on, and never behind: a trial that would not outlive the host.
 */
int history_keep(struct history *history, const struct history_ask *ask, const struct files *files,
	const char *file, bool unchanged, struct xslot_diag *diag) ON_WORKER;

/* It was refused after all: the record becomes what it was. */
void history_undo(struct history *history) ON_WORKER;
/* It runs: what is in no record any more is removed. */
void history_done(struct history *history) ON_WORKER;

/*
 * From here on, and for starts to come, what is recorded as current is held, whatever the files say. -ENOENT:
 * nothing is. A record that cannot be written is logged.
 */
int history_hold(struct history *history, enum statedir_hold hold) ON_WORKER;
void history_give_reason(struct history *history, const char *sentence);
bool history_has_current(const struct history *history);
bool history_is_current(const struct history *history, const struct files *files);
/* The chains and slots of what is recorded as current; NULL: there is none, or it cannot be read. */
struct config *history_kept(const struct history *history);

/* `xslotctl confirm`: the trial is over, and `current` stays. */
int history_confirm(struct history *history, struct xslot_diag *diag) ON_WORKER;

#endif
