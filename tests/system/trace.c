/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See trace.h. */
#include "trace.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

static const struct tracer *tracer;

/* Stop all threads of the process, there and to come, at their system calls. 0 or -errno. They may multiply
 * while we look, so until a look finds none that is new. */
static int seize(pid_t pid)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
	char path[64];
	bool more = true;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	while (more) {
		DIR *folder = opendir(path);
		struct dirent *entry;

		if (!folder)
			return -errno;
		more = false;
		while ((entry = readdir(folder))) {
			pid_t thread = atoi(entry->d_name);

			if (thread <= 0 || syscall(SYS_ptrace, PTRACE_SEIZE, thread, 0, options) < 0)
				continue; /* it is ours already, by PTRACE_O_TRACECLONE or an earlier look */
			syscall(SYS_ptrace, PTRACE_INTERRUPT, thread, 0, 0);
			more = true;
		}
		closedir(folder);
	}
	return 0;
}

/* A signal on its way to the thread is passed on; stops of ptrace's own are not signals. */
static int signal_of(int status)
{
	int number = WSTOPSIG(status);

	return status >> 16 || number == SYSCALL_STOP || number == SIGTRAP ? 0 : number;
}

pid_t trace_next(struct ptrace_syscall_info *info)
{
	pid_t thread;
	int status;

	while ((thread = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == SYSCALL_STOP &&
			syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, thread, sizeof(*info), info) > 0)
			return thread;
		syscall(SYS_ptrace, PTRACE_SYSCALL, thread, 0, signal_of(status));
	}
	return -1;
}

void trace_go_on(pid_t thread)
{
	syscall(SYS_ptrace, PTRACE_SYSCALL, thread, 0, 0);
}

/* Told to go, at a moment of its choice: what was traced goes on by itself. */
static void on_sigterm(int signal_number)
{
	(void)signal_number;
	tracer->tell_end();
	_exit(0);
}

/* `ready`: to be closed when calls are counted; -1: nobody waits. */
static int trace(pid_t pid, int ready)
{
	struct sigaction action = { .sa_handler = on_sigterm };
	int r = seize(pid);

	if (r < 0) {
		fprintf(stderr, "%s: cannot trace process %d: %s\n", tracer->name, pid, strerror(-r));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	dprintf(tracer->report, "attached %d\n", getpid());
	if (ready >= 0)
		close(ready);
	tracer->watch(pid);
	return 0;
}

static int start(char **argv)
{
	pid_t pid = getpid();
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return 1;
	if (fork() == 0) {
		close(ready[0]);
		_exit(fork() == 0 ? trace(pid, ready[1]) : 0);
	}
	close(ready[1]);
	wait(NULL);
	if (read(ready[0], &byte, 1) < 0)
		return 1;
	close(ready[0]);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: cannot start %s: %s\n", tracer->name, argv[0], strerror(errno));
	return 127;
}

int trace_run(const struct tracer *the_tracer, char **argv)
{
	tracer = the_tracer;
	return argv[1] || atoi(argv[0]) <= 0 ? start(argv) : trace(atoi(argv[0]), -1);
}
