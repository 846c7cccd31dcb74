/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Some data that can damage libbpf is not read when an object is opened: relocations, the types that CO-RE
 * looks for and the lines of a function are read when it is loaded. A process without privileges cannot load,
 * and would fail before libbpf reads any of that. So seccomp turns each bpf() into a signal, and the signal's
 * handler returns a result.
 */
#include "kernel/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The system call's first argument, and where its result goes. */
#if defined(__x86_64__)
#define COMMAND(context) ((context)->uc_mcontext.gregs[REG_RDI])
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define COMMAND(context) ((context)->uc_mcontext.regs[0])
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#else
#error "rehearsal.c does not know this machine's registers"
#endif

static int answer(unsigned long command)
{
	int fd;

	switch (command) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
	case BPF_OBJ_GET:
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_KEY:
		return -ENOENT;
	}
	return 0;
}

static void on_call(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	int before = errno;

	RESULT(context) = (unsigned long)(long)answer((unsigned long)COMMAND(context));
	errno = before;
}

int rehearsal_begin(void)
{
	const struct sigaction action = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (sigaction(SIGSYS, &action, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return -errno;
	return 0;
}
