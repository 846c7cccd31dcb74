/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugins that crash the host. After three crashes in a row at starts or reloads, that content of the file is
 * quarantined: none of its code runs any more, so that the host comes up, and the chains in the kernel stay.
 * `status`, watches and commands are called while all is well, so no end of a transaction would prove them
 * good. Each has a count of its own, of three crashes, each within a day of the one before: then it is not
 * called any more. Everything else quarantines the whole content as above.
 *
 * Another content of the file is another plugin here, and `xslotctl plugin release` allows another try. The
 * counts are in the file `crashes` of the state folder. There is one process, so there is one ledger.
 */
#ifndef HOST_PLUGIN_QUARANTINE_H
#define HOST_PLUGIN_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

#include "module/descriptor.h"
#include "util/digest.h"

#define QUARANTINE_AFTER 3 /* crashes */
#define QUARANTINE_MAX 64  /* contents of plugin files that are counted */

/* Why a plugin's code runs, which is what its crash counts against. Kept on disk. */
enum quarantine_way {
	QUARANTINE_CHANGE, /* a start or a reload */
	QUARANTINE_STATUS,
	QUARANTINE_WATCH,
	QUARANTINE_END, /* its end: stop, destructors */
	QUARANTINE_COMMAND,
	QUARANTINE_WAYS
};

/* A callback that is not called any more. */
struct quarantine_silence {
	const char *plugin;
	const char *callback; /* "status", "watch" or "command" */
};

/*
 * Begin to count, in `state`; again: does nothing. `only_look`: refuse what is quarantined, but count nothing
 * and make no file. A ledger that cannot be used is logged, and nothing is counted then.
 */
void quarantine_open(const char *state, bool only_look);

/* Before the file's code runs, dlopen included. -EOWNERDEAD and a sentence when it is quarantined. */
int quarantine_admit(const char *path, const struct digest *content, const struct descriptor *plugin,
	struct xslot_diag *diag);

/* STATUS, WATCH, COMMAND: this content has crashed too often in it; said once. `content` may be NULL. */
bool quarantine_silences(const struct digest *content, enum quarantine_way way);

/*
 * The host runs code of that content, for one callback; one at a time. After a CHANGE what it broke may show
 * a little later: a crash elsewhere is blamed on the last one until quarantine_leave(). `content` NULL: on
 * nobody.
 */
void quarantine_enter(const struct digest *content, const char *plugin, enum quarantine_way way);
void quarantine_exit(void);

/*
 * It crashes now. `inside`: in that callback, else elsewhere. Counts at most once in a process. The name of
 * the plugin that it counts against, or NULL. In a signal handler.
 */
const char *quarantine_count(bool inside);
/* The callback hangs, and the process is about to end with it: counts, but not a CHANGE, which may just be
 * slow. */
void quarantine_count_hang(void);

/* The transaction is over. `good`: what was admitted has shown that it does not crash. */
void quarantine_leave(bool good);

/* Names of the plugins in quarantine, at most `max` of them. */
size_t quarantine_list(const char **ret_names, size_t max);
/* What is not called of the others; at most `max`. */
size_t quarantine_list_silences(struct quarantine_silence *ret_silences, size_t max);

/* Let a plugin be tried again, whatever its content; `ret_n`: how many contents were quarantined or counted.
 */
int quarantine_release(const char *state, const char *plugin, size_t *ret_n, struct xslot_diag *diag);

#endif
