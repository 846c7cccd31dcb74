/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugins that crash the host while it starts or reloads. Three times in a row, and that content of the file
 * is quarantined: none of its code is run any more, so that the host comes up, with what runs in the kernel.
 * Another content of the file is another plugin to this, and `xslotctl plugin release` gives it another try.
 * The counts are in the file `crashes` of the state folder. There is one process, so one of these.
 */
#ifndef HOST_PLUGIN_QUARANTINE_H
#define HOST_PLUGIN_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

#include "util/digest.h"

#define QUARANTINE_AFTER 3 /* crashes */
#define QUARANTINE_MAX 64  /* contents of plugin files that are counted */

/*
 * Begin to count, in `state`; again: does nothing. `only_look`: refuse what is quarantined, but count nothing
 * and make no file. A ledger that cannot be used is logged, and nothing is counted then.
 */
void quarantine_open(const char *state, bool only_look);

/* Before the file's code runs, dlopen included. -EOWNERDEAD and a sentence when it is quarantined. */
int quarantine_admit(const char *path, const struct digest *content, const struct xslot_plugin *plugin,
	struct xslot_diag *diag);

/*
 * The host runs code of the plugin of that name, in the build that was admitted last. A crash from here until
 * quarantine_leave() is blamed on the one that was entered last: what it broke may show a little later.
 */
void quarantine_enter(const char *plugin);

/* The transaction is over. `good`: what was admitted has shown that it does not crash. */
void quarantine_leave(bool good);

/* Names of the plugins in quarantine, at most `max` of them. */
size_t quarantine_list(const char **ret_names, size_t max);

/* Let a plugin be tried again, whatever its content; `ret_n`: how many contents were quarantined or counted.
 */
int quarantine_release(const char *state, const char *plugin, size_t *ret_n, struct xslot_diag *diag);

#endif
