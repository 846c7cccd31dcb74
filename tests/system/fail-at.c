/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * fail-at FILE KIND NUMBER ERROR PID: let the process's NUMBERth call of a kind from now fail with an error,
 * a number of errno's: the kernel does nothing for it. fail-at ... COMMAND...: the same for a program from
 * its start. The calls of all threads are counted together, those of child processes are not.
 *
 * Kinds: bpf; mmap; openat; netlink, sending and receiving on such a socket; socket, the same on others;
 * clone, of threads and processes; write, all that fills or names files but opening them; wake, writing to
 * what is not a file; remove, of files and folders.
 *
 * FILE gets "attached OWN-PID" once calls are counted, and at last "failed CALL" with the number of the
 * system call, or "ended bpf N mmap N ..." with how many there were of each kind when the program ended or,
 * at SIGTERM, was let go before that. It knows the registers of x86-64 only.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include "trace.h"

#define CALLS_MAX 12

/* What the first argument of a call is to be. */
enum subject { ANY, NETLINK, SOCKET, REGULAR /* a file */, OTHER };

static const struct kind {
	const char *name;
	enum subject subject;
	long calls[CALLS_MAX]; /* ends with 0, which is read() */
} kinds[] = {
	{ "bpf", ANY, { SYS_bpf } },
	{ "mmap", ANY, { SYS_mmap } },
	{ "openat", ANY, { SYS_openat } },
	{ "netlink", NETLINK, { SYS_sendto, SYS_sendmsg, SYS_recvfrom, SYS_recvmsg } },
	{ "socket", SOCKET, { SYS_sendto, SYS_sendmsg, SYS_recvfrom, SYS_recvmsg } },
	{ "clone", ANY, { SYS_clone, SYS_clone3, SYS_fork, SYS_vfork } },
	{ "write", REGULAR,
		{ SYS_write, SYS_writev, SYS_pwrite64, SYS_fallocate, SYS_ftruncate, SYS_fsync } },
	{ "name", ANY,
		{ SYS_rename, SYS_renameat, SYS_renameat2, SYS_mkdir, SYS_mkdirat, SYS_symlink,
			SYS_symlinkat } },
	{ "wake", OTHER, { SYS_write, SYS_writev } },
	{ "remove", ANY, { SYS_unlink, SYS_unlinkat, SYS_rmdir } },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int report; /* FILE */
static size_t failing;
static long number, error;
static volatile long counts[N_KINDS];

static void tell_end(void)
{
	dprintf(report, "ended");
	for (size_t i = 0; i < N_KINDS; i++)
		dprintf(report, " %s %ld", kinds[i].name, counts[i]);
	dprintf(report, "\n");
}

/* What the process's descriptor is; ANY: none of those. */
static enum subject subject_of(pid_t pid, int descriptor)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), domain = 0;
	int fd = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
	socklen_t size = sizeof(domain);
	enum subject subject = OTHER;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		subject = ANY;
	else if (S_ISREG(status.st_mode))
		subject = REGULAR;
	else if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0)
		subject = domain == AF_NETLINK ? NETLINK : SOCKET;
	close(fd);
	close(process);
	return subject;
}

/* N_KINDS: none of them. */
static size_t kind_of(pid_t pid, long call, int first_argument)
{
	for (size_t i = 0; i < N_KINDS; i++)
		for (size_t j = 0; j < CALLS_MAX && kinds[i].calls[j]; j++)
			if (kinds[i].calls[j] == call &&
				(kinds[i].subject == ANY ||
					subject_of(pid, first_argument) == kinds[i].subject))
				return i;
	return N_KINDS;
}

/* The thread is about to make a call: it makes none, and finds this error. */
static void fail_call(pid_t thread)
{
	struct ptrace_syscall_info info;
	struct user_regs_struct registers;
	pid_t stopped;

	syscall(SYS_ptrace, PTRACE_GETREGS, thread, 0, &registers);
	registers.orig_rax = (unsigned long long)-1;
	syscall(SYS_ptrace, PTRACE_SETREGS, thread, 0, &registers);
	trace_go_on(thread);
	while ((stopped = trace_next(&info)) > 0 && stopped != thread)
		trace_go_on(stopped);
	if (stopped < 0)
		return;
	syscall(SYS_ptrace, PTRACE_GETREGS, thread, 0, &registers);
	registers.rax = (unsigned long long)-error;
	syscall(SYS_ptrace, PTRACE_SETREGS, thread, 0, &registers);
}

static void watch(pid_t pid)
{
	struct ptrace_syscall_info info;
	pid_t thread;

	while ((thread = trace_next(&info)) > 0) {
		size_t kind = N_KINDS;

		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			kind = kind_of(pid, (long)info.entry.nr, (int)info.entry.args[0]);
		if (kind < N_KINDS && ++counts[kind] == number && kind == failing) {
			signal(SIGTERM, SIG_IGN); /* it is decided, and told once */
			fail_call(thread);
			dprintf(report, "failed %llu\n", (unsigned long long)info.entry.nr);
			return;
		}
		trace_go_on(thread);
	}
	signal(SIGTERM, SIG_IGN);
	tell_end();
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: fail-at FILE KIND NUMBER ERROR PID|COMMAND...\n");
		return 2;
	}
	report = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while (failing < N_KINDS && strcmp(kinds[failing].name, argv[2]) != 0)
		failing++;
	number = atol(argv[3]);
	error = atol(argv[4]);
	if (report < 0 || failing == N_KINDS || number < 1 || error < 1) {
		fprintf(stderr, "fail-at: %s %s\n", argv[1],
			report < 0 ? strerror(errno) : "no such call or error");
		return 2;
	}
	return trace_run(&(struct tracer){ "fail-at", report, watch, tell_end }, argv + 5);
}
