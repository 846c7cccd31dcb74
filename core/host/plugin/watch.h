/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Fds and timers that plugins watch on the host's loop. Added on the worker by start, active on the loop. */
#ifndef HOST_PLUGIN_WATCH_H
#define HOST_PLUGIN_WATCH_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <xslot/plugin.h>

struct context_watch; /* a list */

enum watch_call {
	WATCH_CALLED,
	WATCH_BUSY,    /* another callback runs: to be put off */
	WATCH_SILENCED /* not to be called any more */
};

/* Calls `fn`, which is the plugin's, if it may. */
typedef enum watch_call (*watch_caller)(struct xslot_context *plugin, xslot_watch_fn fn, void *data);

struct watch_of {
	int fd; /* -1: a timer */
	uint32_t events;
	uint64_t period_ns; /* of a timer: at least 1 ms */
	xslot_watch_fn fn;  /* what the plugin wants called */
	void *data;
};

/* -EINVAL: no function, or a period that is too short; -ENOMEM. */
int watch_add(struct context_watch **list, struct xslot_context *plugin, watch_caller call,
	const struct watch_of *of);
/* Those that are active already stay so. */
int watch_activate(struct context_watch *list, sd_event *event);
void watch_deactivate(struct context_watch *list);
/* Go on with those that were put off because a callback was running. */
void watch_resume(struct context_watch *list);
void watch_free_all(struct context_watch **list);

#endif
