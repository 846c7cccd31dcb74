/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A process and all of its threads under ptrace: what kill-at and fail-at share. */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <linux/ptrace.h>
#include <stdbool.h>
#include <sys/types.h>

/* Stop all threads of the process, there and to come, at their system calls. 0 or -errno. */
int trace_seize(pid_t pid);

/* The next stop of any thread, which is at a system call: `info` says which, and whether before or after it.
 * Other stops are passed over. -1 when nothing is left to trace.
 */
pid_t trace_next(struct ptrace_syscall_info *info);

/* Let a thread that trace_next() returned go on, up to its next stop. */
void trace_go_on(pid_t thread);

/*
 * trace(pid, ready) for the process or the program that `argv` names: by its id, or a command that is
 * started. Returns main()'s value; the tracer is not a child of the program's then, which need not know of
 * it, and the program has our pid. `ready`: to be closed when calls are counted; -1: nobody waits.
 */
int trace_run(const char *self, char **argv, int (*trace)(pid_t pid, int ready));

#endif
