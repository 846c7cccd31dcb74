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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

static int report; /* FILE */
static volatile long calls;

/* Told to go, at a moment of its choice: what was traced goes on by itself. */
static void on_sigterm(int number)
{
	(void)number;
	dprintf(report, "ended %ld\n", calls);
	_exit(0);
}

/* All threads of the process; they may multiply while we look, so until a look finds none that is new. */
static int seize_all(pid_t pid)
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

/* Which system call this stopped thread is about to make; -1 when it comes back from one. */
static long entering(pid_t thread)
{
	struct ptrace_syscall_info info;

	if (syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	return info.entry.nr;
}

/* A signal on its way to the thread is passed on; stops of ptrace's own are not signals. */
static int signal_of(int status)
{
	int number = WSTOPSIG(status);

	return status >> 16 || number == SYSCALL_STOP || number == SIGTRAP ? 0 : number;
}

static void watch(pid_t pid, long number)
{
	pid_t thread;
	int status;

	while ((thread = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			long call = entering(thread);

			if (call >= 0 && ++calls == number) {
				signal(SIGTERM, SIG_IGN); /* it is decided, and told once */
				kill(pid, SIGKILL);
				dprintf(report, "killed %ld\n", call);
				return;
			}
		}
		syscall(SYS_ptrace, PTRACE_SYSCALL, thread, 0, signal_of(status));
	}
	signal(SIGTERM, SIG_IGN);
	dprintf(report, "ended %ld\n", calls);
}

/* `ready`: closed when calls are counted; -1: nobody waits. */
static int trace(pid_t pid, long number, int ready)
{
	struct sigaction action = { .sa_handler = on_sigterm };
	int r = seize_all(pid);

	if (r < 0) {
		fprintf(stderr, "kill-at: cannot trace process %d: %s\n", pid, strerror(-r));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	dprintf(report, "attached %d\n", getpid());
	if (ready >= 0)
		close(ready);
	watch(pid, number);
	return 0;
}

/* The tracer is no child of the program's, which then need not know of it; and the program keeps our pid. */
static int start(char **argv, long number)
{
	pid_t pid = getpid();
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return 1;
	if (fork() == 0) {
		close(ready[0]);
		_exit(fork() == 0 ? trace(pid, number, ready[1]) : 0);
	}
	close(ready[1]);
	wait(NULL);
	if (read(ready[0], &byte, 1) < 0)
		return 1;
	close(ready[0]);
	execvp(argv[0], argv);
	fprintf(stderr, "kill-at: cannot start %s: %s\n", argv[0], strerror(errno));
	return 127;
}

int main(int argc, char **argv)
{
	long number;

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
	if (argc > 4 || atoi(argv[3]) <= 0)
		return start(argv + 3, number);
	return trace(atoi(argv[3]), number, -1);
}
