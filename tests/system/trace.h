/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A process and all of its threads under ptrace: what kill-at and fail-at share. */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <linux/ptrace.h>
#include <stdbool.h>
#include <sys/types.h>

struct tracer {
	const char *name;
	int report;		  /* its FILE, which gets "attached OWN-PID" when calls are counted */
	void (*watch)(pid_t pid); /* until it has done its work, or nothing is left to trace */
	void (*tell_end)(void);	  /* that the process ended, or was let go at SIGTERM, before that */
};

/* The next stop of any thread, which is at a system call: `info` says which, and whether before or after it.
 * Other stops are passed over. -1 when nothing is left to trace.
 */
pid_t trace_next(struct ptrace_syscall_info *info);

/* Let a thread that trace_next() returned go on, up to its next stop. */
void trace_go_on(pid_t thread);

/*
 * Trace the process or the program that `argv` names: by its id, or a command that is started. Returns
 * main()'s value; the tracer is not a child of the program's then, which need not know of it, and the program
 * has our pid.
 */
int trace_run(const struct tracer *tracer, char **argv);

#endif
