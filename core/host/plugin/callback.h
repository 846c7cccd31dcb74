/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The only way into a plugin's C code: every callback, and the constructors and destructors of its file, run
 * between callback_begin() and callback_end(). No two run at the same time. What is recorded there shows
 * which plugin crashed (crash.h), which one hangs (hang.h), and, to a process that tried it in a child
 * (guard.h), which one ended the child.
 */
#ifndef HOST_PLUGIN_CALLBACK_H
#define HOST_PLUGIN_CALLBACK_H

#include <stdbool.h>

#include "host/plugin/place.h"
#include "host/plugin/quarantine.h"
#include "module/descriptor.h"
#include "util/digest.h"
#include "util/thread_role.h"

struct callback {
	const char *slot;	      /* NULL: of none, as in constructors */
	const char *plugin;	      /* its name */
	const char *name;	      /* "status", … */
	const struct digest *content; /* of its file; NULL: a crash counts against nobody */
	enum quarantine_way way;
};

extern struct thread_lock callback_lock; /* never defined, see util/thread_role.h */

/* The worker waits; the loop only ever tries: false when another one runs. */
void callback_begin(const struct callback *callback) ON_WORKER TAKES(callback_lock);
bool callback_try_begin(const struct callback *callback) TRIES(callback_lock);
void callback_end(void) DROPS(callback_lock);

/* As module.h wants it: constructors and destructors. */
void callback_run(const struct descriptor *plugin, const struct digest *content, const char *what) ON_WORKER;

/* Note callbacks there from now on: in memory that outlives the process. */
void callback_use_place(struct place *place);

#endif
