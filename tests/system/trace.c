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

/* They may multiply while we look, so until a look finds none that is new. */
int trace_seize(pid_t pid)
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

static int start(const char *self, char **argv, int (*trace)(pid_t pid, int ready))
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
	fprintf(stderr, "%s: cannot start %s: %s\n", self, argv[0], strerror(errno));
	return 127;
}

int trace_run(const char *self, char **argv, int (*trace)(pid_t pid, int ready))
{
	if (argv[1] || atoi(argv[0]) <= 0)
		return start(self, argv, trace);
	return trace(atoi(argv[0]), -1);
}
