/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * kill-at FILE NUMBER PID: SIGKILL for the process at its NUMBERth system call from now, before the kernel
 * does anything for it. kill-at FILE NUMBER COMMAND...: the same for a program from its start.
 *
 * The calls of all threads are counted together. (strace --inject=...:when=NUMBER counts each thread on its
 * own, so that the thread with most calls always dies first and the others' are never swept.)
 *
 * FILE gets "attached OWN-PID" once calls are counted, and at last "killed CALL" with the number of the
 * system call, or "ended CALLS" when the program ended or, at SIGTERM, was let go before that.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

static int report; /* FILE */
static long number;
static volatile long calls;

static void tell_end(void)
{
	dprintf(report, "ended %ld\n", calls);
}

static void watch(pid_t pid)
{
	struct ptrace_syscall_info info;
	pid_t thread;

	while ((thread = trace_next(&info)) > 0) {
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && ++calls == number) {
			signal(SIGTERM, SIG_IGN); /* it is decided, and told once */
			kill(pid, SIGKILL);
			dprintf(report, "killed %llu\n", (unsigned long long)info.entry.nr);
			return;
		}
		trace_go_on(thread);
	}
	signal(SIGTERM, SIG_IGN);
	tell_end();
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: kill-at FILE NUMBER PID|COMMAND...\n");
		return 2;
	}
	report = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	number = atol(argv[2]);
	if (report < 0 || number < 1) {
		fprintf(stderr, "kill-at: %s: %s\n", argv[1], report < 0 ? strerror(errno) : "no such call");
		return 2;
	}
	return trace_run(&(struct tracer){ "kill-at", report, watch, tell_end }, argv + 3);
}
