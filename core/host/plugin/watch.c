/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A watch that fires while the worker is inside a callback is switched off and remembered; the host resumes
 * it as soon as the worker is done. Fds are level-triggered, so nothing is lost. A watch that has crashed the
 * host too often is switched off for good: the next instance has one of its own.
 */
#include "host/plugin/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct context_watch {
	struct context_watch *next;
	struct xslot_context *plugin;
	int fd;
	uint32_t events;
	uint64_t period_us;
	watch_caller call;
	xslot_watch_fn fn;
	void *data;
	sd_event_source *source;
	bool put_off;
};

int watch_add(struct context_watch **list, struct xslot_context *plugin, watch_caller call,
	const struct watch_of *of)
{
	struct context_watch *watch;

	if (!of->fn || (of->fd < 0 && of->period_ns < 1000000))
		return -EINVAL;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	*watch = (struct context_watch){ *list, plugin, of->fd, of->events, of->period_ns / 1000, call,
		of->fn, of->data, NULL, false };
	*list = watch;
	return 0;
}

static bool run(struct context_watch *watch)
{
	enum watch_call result = watch->call(watch->plugin, watch->fn, watch->data);

	if (result == WATCH_CALLED)
		return true;
	watch->put_off = result == WATCH_BUSY;
	sd_event_source_set_enabled(watch->source, SD_EVENT_OFF);
	return false;
}

static int on_fd(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	run(data);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct context_watch *watch = data;

	if (run(watch)) {
		sd_event_source_set_time_relative(source, watch->period_us);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

int watch_activate(struct context_watch *list, sd_event *event)
{
	for (; list; list = list->next) {
		int r;

		if (list->source)
			continue;
		if (list->fd >= 0)
			r = sd_event_add_io(event, &list->source, list->fd, list->events, on_fd, list);
		else
			r = sd_event_add_time_relative(
				event, &list->source, CLOCK_MONOTONIC, list->period_us, 0, on_timer, list);
		if (r < 0)
			return r;
	}
	return 0;
}

void watch_deactivate(struct context_watch *list)
{
	for (; list; list = list->next)
		list->source = sd_event_source_disable_unref(list->source);
}

void watch_resume(struct context_watch *list)
{
	for (; list; list = list->next) {
		if (!list->put_off || !list->source)
			continue;
		list->put_off = false;
		sd_event_source_set_enabled(list->source, list->fd >= 0 ? SD_EVENT_ON : SD_EVENT_ONESHOT);
	}
}

void watch_free_all(struct context_watch **list)
{
	while (*list) {
		struct context_watch *watch = *list;

		*list = watch->next;
		sd_event_source_disable_unref(watch->source);
		free(watch);
	}
}
