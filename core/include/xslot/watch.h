/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fds and timers that the host watches for a plugin, on its main loop. <xslot/plugin.h> includes this.
 *
 * All but xslot_unwatch() may be called in start, live, resume, status and the functions that are watched
 * with; what start adds begins when the instance is live. All watches end before `stop`. Returned is 0, or:
 *
 * -EINVAL: no function; no events, or others than EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLPRI, EPOLLERR, EPOLLHUP
 * and EPOLLET; a time below 1 ms. -EBADF: not an open fd. -EPERM: a regular file or a folder. -EEXIST: this
 * instance watches that fd already. -ENOSPC: it has 256 watches. -EBUSY: the running callback cannot add any.
 * -ENOMEM.
 *
 * The host tells the reason: of start and resume as an error of the reload, else in its log.
 */
#ifndef XSLOT_WATCH_H
#define XSLOT_WATCH_H

#include <xslot/plugin.h>

/* Call `fn` whenever `fd` has one of `events`. Cancel it before you close the fd. */
static inline int xslot_watch_fd(
	struct xslot_context *context, int fd, uint32_t events, xslot_watch_fn fn, void *data)
{
	return context->host->watch_fd(context, fd, events, fn, data);
}

/* Call `fn` each `period_ns`, first after one of them; timers may be late by a tenth of their time. */
static inline int xslot_watch_timer(
	struct xslot_context *context, uint64_t period_ns, xslot_watch_fn fn, void *data)
{
	return context->host->watch_timer(context, period_ns, fn, data);
}

/* Call `fn` once, after `after_ns`; in it the next one can be set. Since ABI 2. */
static inline int xslot_watch_once(
	struct xslot_context *context, uint64_t after_ns, xslot_watch_fn fn, void *data)
{
	return context->host->watch_once(context, after_ns, fn, data);
}

/*
 * End all watches with this function and these data: they are not called again. -ENOENT: there is none. In
 * status and functions that are watched with; in start, live and resume only for watches that were added in
 * the same callback, else -EBUSY. Since ABI 2.
 */
static inline int xslot_unwatch(struct xslot_context *context, xslot_watch_fn fn, void *data)
{
	return context->host->unwatch(context, fn, data);
}

#endif
