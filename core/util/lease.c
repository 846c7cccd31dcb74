/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel sends SIGIO when someone wants a file that we hold, and SIGIO kills by default. The kernel sends
 * it to the process, unless the file has an owner before the lease is taken: the kernel keeps that one. So
 * the signal is sent to this thread alone, which blocks it, and takes it back before the thread's mask is
 * restored. That also works in a process whose other threads are not ours, such as one that uses libxslot.
 */
#include "util/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void io_set(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGIO);
}

static bool io_is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGIO) == 1;
}

/* Signals do not queue: one that was pending before is still owed to someone. */
static void end_signal(const struct lease *lease)
{
	const struct timespec now = {};
	sigset_t io;

	io_set(&io);
	while (!lease->io_was_pending && io_is_pending() && sigtimedwait(&io, NULL, &now) >= 0)
		;
	pthread_sigmask(SIG_SETMASK, &lease->before, NULL);
}

/* An overlay file system of Linux 5.10 gives leases, and then no byte of the file (EIO). */
static bool can_be_read(int fd)
{
	char byte;

	return pread(fd, &byte, 1, 0) >= 0 || errno != EIO;
}

int lease_take(struct lease *lease, int fd)
{
	const struct f_owner_ex owner = { F_OWNER_TID, gettid() };
	sigset_t io;
	int r;

	io_set(&io);
	lease->fd = fd;
	r = -pthread_sigmask(SIG_BLOCK, &io, &lease->before);
	if (r < 0)
		return r;
	lease->io_was_pending = io_is_pending();
	if (fcntl(fd, F_SETOWN_EX, &owner) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		if (can_be_read(fd))
			return 0;
		fcntl(fd, F_SETLEASE, F_UNLCK);
		errno = EINVAL;
	}
	r = -errno;
	end_signal(lease);
	return r;
}

bool lease_intact(const struct lease *lease)
{
	return fcntl(lease->fd, F_GETLEASE) == F_RDLCK;
}

void lease_drop(struct lease *lease)
{
	fcntl(lease->fd, F_SETLEASE, F_UNLCK);
	end_signal(lease);
}
