/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The configurations that a host ran, kept on disk: `[host] state`. Each is a folder named by a number that
 * has copies of all its files, at their own paths below the folder, so that diff -r compares two of them. One
 * small file, `record`, says which folder is the current one and which the previous one. Worker thread.
 */
#ifndef HOST_KEPT_STATEDIR_H
#define HOST_KEPT_STATEDIR_H

#include <limits.h>
#include <stdbool.h>
#include <xslot/diag.h>

#include "util/files.h"
#include "util/thread_role.h"

struct statedir_snapshot {
	unsigned number;     /* 0: there is none */
	char file[PATH_MAX]; /* the main INI file, absolute, as on the machine */
};

enum statedir_hold {
	HOLD_NONE,	  /* what runs is what the files said */
	HOLD_ROLLBACK,	  /* `current` runs, whatever the files say, until they are asked for: rolled back */
	HOLD_UNCONFIRMED, /* … or reverted, because nobody confirmed */
	HOLD_BARE,	  /* … or kept by a start whose files would have left interfaces bare */
	HOLD_CRASH,	  /* … or because the files were changed, unasked, before a host ended uncleanly */
};

struct statedir_record {
	struct statedir_snapshot current, previous;
	enum statedir_hold hold;
	bool trial; /* `current` awaits its confirmation: whoever starts goes back to `previous` */
};

struct statedir;

/*
 * Open or make the folder `path`, and remove what is in no record. -EBUSY while another host has it; -EPERM
 * when others than root could write it. A record that cannot be understood is logged and taken for none.
 */
int statedir_open(const char *path, struct statedir **ret_statedir, struct xslot_diag *diag) ON_WORKER;
void statedir_close(struct statedir *statedir); /* accepts NULL */

const char *statedir_path(const struct statedir *statedir);
const struct statedir_record *statedir_record(const struct statedir *statedir);

/* The folder of a snapshot, for files_new(). Caller frees. */
char *statedir_root(const struct statedir *statedir, unsigned number);

/* Has snapshot `number` exactly these files, with these bytes? Never when it is 0. */
bool statedir_same(const struct statedir *statedir, unsigned number, const struct files *files);

/*
 * Keep all that is in `files`, whose main one is `file`. What the current snapshot has alike is shared with
 * it. When this returns, it is on disk; in no record yet.
 */
int statedir_save(struct statedir *statedir, const struct files *files, const char *file,
	struct statedir_snapshot *ret_snapshot, struct xslot_diag *diag) ON_WORKER;

/* The record from now on, also when it cannot be written; the next start knows it only when it can. */
int statedir_set(struct statedir *statedir, const struct statedir_record *record, struct xslot_diag *diag)
	ON_WORKER;

/* Remove the snapshots that are in no record, neither ours nor the last that was written. */
void statedir_sweep(const struct statedir *statedir) ON_WORKER;

#endif
