/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host: keeps the dataplane as the files say, from start to stop. Everything here runs on the loop
 * thread.
 */
#ifndef HOST_LOOP_HOST_H
#define HOST_LOOP_HOST_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "util/diag.h"
#include "util/thread_role.h"

struct host;

/* Nothing is read yet. `file` as given to -c. */
int host_new(sd_event *event, const char *file, struct host **ret_host, struct xslot_diag *diag);

/*
 * Begin the first load; the loop goes on. When it is refused the errors are logged and the loop ends with
 * code 78; otherwise the control socket is open and systemd is told READY.
 */
void host_start(struct host *host) ON_LOOP;

/* What the sender of a signal is, as the kernel says. */
struct signalfd_siginfo;

/* SIGHUP: move to what the files say now. One that comes during a reload makes one more after it. */
void host_reload(struct host *host, const struct signalfd_siginfo *signal) ON_LOOP;

/* SIGTERM, SIGINT: after the transaction that runs, take everything off and end the loop with code 0. */
void host_stop(struct host *host, const struct signalfd_siginfo *signal) ON_LOOP;

/* An explicit level on the command line outlives the file's. */
void host_keep_log_level(struct host *host);

/* Every chain runs as slots, whatever the files say. */
void host_never_fuse(struct host *host);
/* Before host_start: plugin files are mapped where they lie, for valgrind and perf; see
 * modules_map_in_place(). */
void host_map_in_place(struct host *host);

void host_free(struct host *host) ON_LOOP; /* accepts NULL */

#endif
