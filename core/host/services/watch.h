/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fds and timers that plugins watch on the host's loop. They are added and cancelled in callbacks, on either
 * thread, with the lock over callbacks; all else is the loop's, while the worker is in no callback.
 */
#ifndef HOST_SERVICES_WATCH_H
#define HOST_SERVICES_WATCH_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <xslot/diag.h>
#include <xslot/plugin.h>

#define WATCH_MAX 256 /* of one instance */

struct context_watch; /* a list */

enum watch_call {
	WATCH_CALLED,
	WATCH_OVER,    /* it was called, or not, and never is again */
	WATCH_BUSY,    /* another callback runs: to be put off */
	WATCH_SILENCED /* not to be called any more */
};

/* Calls watch_run() with the lock, if it may. */
typedef enum watch_call (*watch_caller)(struct xslot_context *plugin, struct context_watch *watch);

struct watch_of {
	bool timer; /* else an fd */
	int fd;
	uint32_t events;
	uint64_t ns; /* of a timer: at least 1 ms */
	bool once;   /* … once, else again and again */
	xslot_watch_fn fn;
	void *data;
};

/*
 * -EINVAL: no function, no or unknown events, or a time that is too short; -EBADF, -EPERM: epoll refuses the
 * fd; -EEXIST: it is watched already; -ENOSPC: WATCH_MAX; -ENOMEM. Each but the last with a sentence.
 */
int watch_add(struct context_watch **list, struct xslot_context *plugin, watch_caller call,
	const struct watch_of *of, struct xslot_diag *diag);
/*
 * All with that function and data are never called again, and epoll has forgotten their fds. -ENOENT: there
 * is none. -EBUSY: it is not `on_loop`, and one has begun.
 */
int watch_cancel(struct context_watch *list, xslot_watch_fn fn, const void *data, bool on_loop);
/* With the lock: WATCH_CALLED or WATCH_OVER. */
enum watch_call watch_run(struct context_watch *watch);

/*
 * Begin with those that were added, and free those that are over. One that the kernel refuses is dropped, and
 * the first such error is returned; the others begin. On the loop, also in its callbacks.
 */
int watch_activate(struct context_watch **list, sd_event *event);
void watch_deactivate(struct context_watch *list);
/* Go on with those that were put off because a callback was running. */
void watch_resume(struct context_watch *list);
void watch_free_all(struct context_watch **list);

#endif
