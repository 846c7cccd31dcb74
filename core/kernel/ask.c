/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libc's if_nametoindex() returns 0 for "no such interface" and for "no descriptor left to ask with". Because
 * of that a chain was once taken off its interfaces. So each question is asked here, and only the kernel's
 * ENODEV is a "no". Any socket serves for such a request; a local one needs no network family.
 */
#include "kernel/ask.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/cleanup.h"

static int request(unsigned long what, struct ifreq *request)
{
	int fd CLEANUP(close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, what, request) == 0)
		return 1;
	return errno == ENODEV ? 0 : -errno;
}

int ask_ioctl(const char *name, unsigned long what, struct ifreq *ret_request)
{
	struct ifreq asked = { 0 };
	int r;

	if (strlen(name) >= sizeof(asked.ifr_name))
		return 0;
	strcpy(asked.ifr_name, name);
	r = request(what, &asked);
	if (r == 1)
		*ret_request = asked;
	return r;
}

int ask_index(const char *name, unsigned *ret_ifindex)
{
	struct ifreq answer;
	int r = ask_ioctl(name, SIOCGIFINDEX, &answer);

	if (r == 1)
		*ret_ifindex = (unsigned)answer.ifr_ifindex;
	return r;
}

int ask_name(unsigned ifindex, char ret_name[static IF_NAMESIZE])
{
	struct ifreq asked = { .ifr_ifindex = (int)ifindex };
	int r = ifindex ? request(SIOCGIFNAME, &asked) : 0;

	if (r == 1)
		snprintf(ret_name, IF_NAMESIZE, "%s", asked.ifr_name);
	return r;
}

bool ask_is_shortage(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOBUFS:
	case -EINTR:
	case -EAGAIN:
		return true;
	default:
		return false;
	}
}
