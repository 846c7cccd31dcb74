/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Out of memory: the one rule. If a file, a plugin, a packet of the control socket or the kernel decides the
 * size or number of something (that is read, parsed, loaded, shown, answered), then it fails like anything
 * else: -ENOMEM or NULL, with a sentence where there is a diag, and the old state stays. Everything below
 * host/ always does so.
 *
 * What host/ needs of its own accord, small and of fixed number (a task, a path, a line of the log), comes
 * from here and never fails: without a few bytes the host can neither finish what it began nor undo it. The
 * host ends, the chains in the kernel keep running, and the next start takes them over. abort() is called
 * nowhere else. xslotctl, which has nothing to undo, does so for everything that it needs.
 */
#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H

#include <stddef.h>

/* Say so and end the process. */
_Noreturn void memory_out(void);

/* `memory`, which is not NULL. */
void *memory_must(void *memory);

/* strdup() that does not fail. */
char *memory_copy(const char *text);

#endif
