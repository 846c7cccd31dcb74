/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A watch that fires while the worker is inside a callback is switched off and remembered; the host resumes
 * it as soon as the worker is done. Fds are level-triggered, so nothing is lost. A watch that has crashed the
 * host too often is switched off for good: the next instance has one of its own.
 *
 * A callback may cancel any watch, its own as well, and close the fd, whose number may then be another
 * file's: so epoll must forget it before that callback continues. sd_event is the loop's; so on the worker
 * only those are cancelled that have not begun.
 */
#include "host/services/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define LEAST_NS 1000000
#define EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP | EPOLLET)

struct context_watch {
	struct context_watch *next;
	struct xslot_context *plugin;
	struct watch_of of;
	watch_caller call;
	sd_event_source *source;
	bool put_off;
	bool firing; /* the loop is in it */
	bool over;   /* with the lock: never to be called again */
};

/* What epoll would say later, when the plugin no longer hears of it. */
static int try_fd(const struct watch_of *of, struct xslot_diag *diag)
{
	struct epoll_event event = { .events = of->events };
	CLEANUP(close) int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (!of->events || of->events & ~(uint32_t)EVENTS)
		return fail(diag, -EINVAL,
			"cannot watch fd %d: its events are 0x%x, and must be some of EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLPRI, EPOLLERR, EPOLLHUP and EPOLLET",
			of->fd, of->events);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, of->fd, &event) < 0)
		return fail(diag, -errno, "cannot watch fd %d: %s%s", of->fd, strerror(errno),
			errno == EPERM ? ": epoll(7) takes no regular files and folders" : "");
	return 0;
}

static int check(const struct context_watch *list, const struct watch_of *of, struct xslot_diag *diag)
{
	size_t n = 0;

	if (!of->fn)
		return fail(diag, -EINVAL, "cannot add a watch: it has no function to be called");
	if (of->timer && of->ns < LEAST_NS)
		return fail(diag, -EINVAL,
			"cannot set a timer of %" PRIu64 " ns: it must be at least 1 ms, which is 1000000 ns",
			of->ns);
	for (; list; list = list->next) {
		n += !list->over;
		if (!of->timer && !list->of.timer && list->of.fd == of->fd && !list->over)
			return fail(diag, -EEXIST,
				"cannot watch fd %d: this instance watches it already; cancel that watch first",
				of->fd);
	}
	if (n >= WATCH_MAX)
		return fail(diag, -ENOSPC,
			"cannot add a watch: this instance has %zu, and more are not allowed", n);
	return of->timer ? 0 : try_fd(of, diag);
}

int watch_add(struct context_watch **list, struct xslot_context *plugin, watch_caller call,
	const struct watch_of *of, struct xslot_diag *diag)
{
	struct context_watch *watch;
	int r = check(*list, of, diag);

	if (r < 0)
		return r;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	*watch = (struct context_watch){ .next = *list, .plugin = plugin, .of = *of, .call = call };
	*list = watch;
	return 0;
}

int watch_cancel(struct context_watch *list, xslot_watch_fn fn, const void *data, bool on_loop)
{
	int r = -ENOENT;

	for (; list; list = list->next) {
		if (list->over || list->of.fn != fn || list->of.data != data)
			continue;
		if (list->source && !on_loop)
			return -EBUSY;
		if (list->source)
			sd_event_source_set_enabled(list->source, SD_EVENT_OFF);
		list->over = true;
		r = 0;
	}
	return r;
}

enum watch_call watch_run(struct context_watch *watch)
{
	if (watch->over)
		return WATCH_OVER;
	watch->over = watch->of.once;
	watch->of.fn(watch->plugin, watch->of.data);
	return watch->over ? WATCH_OVER : WATCH_CALLED;
}

static bool fire(struct context_watch *watch)
{
	enum watch_call result;

	watch->firing = true;
	result = watch->call(watch->plugin, watch);
	watch->firing = false;
	if (result == WATCH_CALLED)
		return true;
	watch->put_off = result == WATCH_BUSY;
	sd_event_source_set_enabled(watch->source, SD_EVENT_OFF);
	return false;
}

static int on_fd(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	fire(data);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct context_watch *watch = data;

	if (fire(watch)) {
		sd_event_source_set_time_relative(source, watch->of.ns / 1000);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

static int begin(struct context_watch *watch, sd_event *event)
{
	const uint64_t us = watch->of.ns / 1000;

	if (watch->source)
		return 0;
	if (!watch->of.timer)
		return sd_event_add_io(event, &watch->source, watch->of.fd, watch->of.events, on_fd, watch);
	/* So late it may be; sd_event takes 0 for 250 ms. */
	return sd_event_add_time_relative(
		event, &watch->source, CLOCK_MONOTONIC, us, us / 10, on_timer, watch);
}

static void end(struct context_watch *watch)
{
	sd_event_source_disable_unref(watch->source);
	free(watch);
}

static void sweep(struct context_watch **list)
{
	while (*list) {
		struct context_watch *watch = *list;

		if (!watch->over || watch->firing) {
			list = &watch->next;
			continue;
		}
		*list = watch->next;
		end(watch);
	}
}

int watch_activate(struct context_watch **list, sd_event *event)
{
	int result = 0;

	sweep(list);
	for (struct context_watch *watch = *list; watch; watch = watch->next) {
		int r = watch->over ? 0 : begin(watch, event);

		watch->over |= r < 0;
		result = result < 0 ? result : r;
	}
	if (result < 0)
		sweep(list);
	return result < 0 ? result : 0;
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
		sd_event_source_set_enabled(list->source, list->of.timer ? SD_EVENT_ONESHOT : SD_EVENT_ON);
	}
}

void watch_free_all(struct context_watch **list)
{
	while (*list) {
		struct context_watch *watch = *list;

		*list = watch->next;
		end(watch);
	}
}
