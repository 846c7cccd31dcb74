/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A process that runs plugins' code reports which code it crashed in, and counts that (quarantine.h). Ending
 * the process from within, by exit() and the like, is a crash too. The process still dies as usual: with a
 * core, or a sanitizer's report.
 */
#ifndef HOST_PLUGIN_CRASH_H
#define HOST_PLUGIN_CRASH_H

#include <pthread.h>
#include <stdbool.h>

#include "host/plugin/place.h"

/*
 * Once, in a process of `program`. `fd`: where the sentence goes, behind `before`: "xslotd: " or, in TAP,
 * "Bail out! ".
 */
void crash_watch(int fd, const char *before);
/* From here on the process may end. */
void crash_unwatch(void);

/*
 * Start a thread that takes no signals, which are the loop's, but for those of its own faults: blocked, they
 * find no handler. 0 or -errno.
 */
int crash_start_thread(pthread_t *ret_thread, void *(*fn)(void *data), void *data);

/* End at once, as if killed: no handlers, nobody's crash, exit status 1. Any thread. */
_Noreturn void crash_end_process(void);

/* A callback begins there; by its place it is known for how long. In the thread that calls. */
void crash_enter(const struct place *place);
/* It hangs: it may be ended from outside, by systemd's watchdog say, and is to be blamed for that. */
void crash_hangs(bool hangs);

#endif
