/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which thread may call a function, in a form that a compiler checks: clang's -Wthread-safety (tests/style,
 * test-threads.py) refuses a call of an ON_WORKER function from one that is not ON_WORKER itself. The two
 * roles are capabilities that no one takes or drops: the thread that runs a job or a callback of the loop has
 * its role from the first function on. For other compilers all this expands to nothing.
 *
 * Calls through a pointer are not checked: a job, and the function to call when it has ended, state their
 * role themselves where they run.
 */
#ifndef UTIL_THREAD_ROLE_H
#define UTIL_THREAD_ROLE_H

#ifdef __clang__
#define THREAD_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define THREAD_ATTRIBUTE(...)
#endif

struct THREAD_ATTRIBUTE(capability("thread")) thread_role {
	int unused;
};

/* Never defined: only named in attributes. */
extern struct thread_role loop_thread, worker_thread;

#define ON_LOOP THREAD_ATTRIBUTE(requires_capability(loop_thread))
#define ON_WORKER THREAD_ATTRIBUTE(requires_capability(worker_thread))
/* The body of a function is not looked at. */
#define UNCHECKED THREAD_ATTRIBUTE(no_thread_safety_analysis)

/*
 * The other one has ended, or never was, as in xslotctl, or cannot know yet of what is touched: the caller is
 * both from here on.
 */
static inline void thread_is_alone(void) THREAD_ATTRIBUTE(assert_capability(loop_thread, worker_thread));
static inline void thread_is_alone(void)
{
}

/* A lock that is taken and dropped by functions that say so. */
struct THREAD_ATTRIBUTE(capability("lock")) thread_lock {
	int unused;
};

#define TAKES(lock) THREAD_ATTRIBUTE(acquire_capability(lock))
#define TRIES(lock) THREAD_ATTRIBUTE(try_acquire_capability(true, lock))
#define DROPS(lock) THREAD_ATTRIBUTE(release_capability(lock))
#define HOLDING(lock) THREAD_ATTRIBUTE(requires_capability(lock))

#endif
