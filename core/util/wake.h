/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Waking the thread that waits at an eventfd. Any thread. */
#ifndef UTIL_WAKE_H
#define UTIL_WAKE_H

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>

/*
 * Does not return before it is done: the other thread would wait for ever. Nothing that Linux documents makes
 * this write fail but a counter that is full, and then that thread is awake already. A filter of system
 * calls, a tracer or a security module may refuse it all the same.
 */
static inline void wake(int fd)
{
	const struct timespec again = { .tv_nsec = 10000000 };

	while (eventfd_write(fd, 1) < 0 && errno != EAGAIN)
		nanosleep(&again, NULL);
}

#endif
