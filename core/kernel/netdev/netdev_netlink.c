/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Attaching through netlink, in the place of another program: the kernel does not let a link take its place
 * (EBUSY), but it replaces one program by another in one step if the request names the expected one. The same
 * holds for each later step of ours, so we never take off a program that is not ours. Nobody owns such an
 * attachment: it stays until someone takes it off, and anyone may. So a claim comes first, which can be
 * pinned before a packet meets our program.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/ask.h"
#include "kernel/netdev/extack.h"
#include "kernel/netdev/netdev_private.h"
#include "util/diag.h"

/* Whose place it is to be: the program there in this mode, if a place can be had at all. */
static int find_previous(struct netdev *netdev, struct xslot_diag *diag)
{
	char name[NEIGHBOUR_NAME], text[768] = "";
	uint32_t id = 0, link = 0;
	int r;

	r = neighbour_id(netdev->ifindex, netdev_flag(netdev->mode), &id);
	if (r == -ENODEV)
		return fail(diag, r, "cannot take over %s: the interface is gone", netdev->name);
	if (r < 0)
		return fail(diag, r, "cannot take over %s: cannot see which program is attached: %s",
			netdev->name, strerror(-r));
	if (!id && neighbour_describe(netdev->ifindex, netdev->name, text, sizeof(text)) > 0)
		return fail(diag, -EEXIST, "cannot take over %s in %s mode: %s, or give the chain that mode",
			netdev->name, xdp_mode_name(netdev->mode), text);
	if (!id)
		return fail(diag, -EAGAIN, "cannot take over %s: no XDP program is attached", netdev->name);
	r = neighbour_link(netdev->ifindex, id, &link);
	if (r < 0)
		return fail(diag, r, "cannot take over %s: cannot see how program id %u was attached: %s%s",
			netdev->name, id, strerror(-r),
			r == -EPERM ? "; CAP_SYS_ADMIN is needed to look links up" : "");
	if (r == 1) {
		neighbour_describe(netdev->ifindex, netdev->name, text, sizeof(text));
		return fail(diag, -EBUSY,
			"cannot take over %s, since only the owner of a BPF link can replace its program: %s",
			netdev->name, text);
	}
	neighbour_name(id, name);
	snprintf(netdev->previous, sizeof(netdev->previous), "%s (program id %u)", name, id);
	netdev->previous_fd = bpf_prog_get_fd_by_id(id);
	if (netdev->previous_fd < 0)
		return fail(diag, -errno, "cannot take over %s from XDP program %s: %s%s", netdev->name,
			netdev->previous, strerror(errno),
			errno == EPERM ? "; CAP_SYS_ADMIN is needed to refer to it" : "");
	return 0;
}

static int open_place(
	const char *name, enum xdp_mode mode, struct netdev **ret_netdev, struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = netdev_alloc(NETDEV_NETLINK, mode);
	int r;

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory to attach to %s", name);
	r = netdev_find("cannot take over", name, &netdev->ifindex, diag);
	if (r < 0)
		return r;
	snprintf(netdev->name, sizeof(netdev->name), "%s", name);
	r = find_previous(netdev, diag);
	if (r == 0)
		*ret_netdev = TAKE_PTR(netdev);
	return r;
}

int netdev_netlink_try(const char *name, enum xdp_mode mode, struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = NULL;

	return open_place(name, mode, &netdev, diag);
}

int netdev_claim(const char *name, enum xdp_mode mode, int program_fd, struct netdev **ret_netdev,
	struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = NULL;
	int r = open_place(name, mode, &netdev, diag);

	if (r < 0)
		return r;
	netdev->fd = fcntl(program_fd, F_DUPFD_CLOEXEC, 3);
	if (netdev->fd < 0)
		return fail(diag, -errno, "cannot take over %s: %s", name, strerror(errno));
	netdev->only_claimed = true;
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}

const char *netdev_previous(const struct netdev *netdev)
{
	return netdev->previous_fd >= 0 ? netdev->previous : NULL;
}

int netdev_take_over(struct netdev *netdev, struct xslot_diag *diag)
{
	char text[256];
	int r;

	r = extack_replace(netdev->ifindex, netdev_flag(netdev->mode), netdev->fd, netdev->previous_fd, text,
		sizeof(text));
	if (r == -EEXIST || r == -EBUSY)
		return fail(diag, -EEXIST,
			"cannot take over %s from XDP program %s: it is not attached any more; reload again",
			netdev->name, netdev->previous);
	if (r < 0)
		return netdev_refused(netdev->name, netdev->mode, r, text, diag);
	netdev->only_claimed = false;
	return 0;
}

void netdev_give_back(struct netdev *netdev)
{
	char text[256];

	if (netdev->previous_fd < 0 || netdev->only_claimed)
		return;
	extack_replace(netdev->ifindex, netdev_flag(netdev->mode), netdev->previous_fd, netdev->fd, text,
		sizeof(text));
	netdev->only_claimed = true;
}

void netdev_commit(struct netdev *netdev)
{
	cleanup_close(&netdev->previous_fd);
	netdev->previous_fd = -1;
}

int netdev_netlink_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = fcntl(program_fd, F_DUPFD_CLOEXEC, 3);
	char text[256];
	int r;

	if (fd < 0)
		return fail(
			diag, -errno, "cannot update the program on %s: %s", netdev->name, strerror(errno));
	r = extack_replace(netdev->ifindex, netdev_flag(netdev->mode), fd, netdev->fd, text, sizeof(text));
	if (r == -ENODEV)
		return fail(diag, r, "cannot update the program on %s: the interface is gone", netdev->name);
	if (r < 0)
		return fail(diag, r,
			"cannot update the program on %s (%s mode, netlink): %s; the old program stays",
			netdev->name, xdp_mode_name(netdev->mode), text[0] ? text : strerror(-r));
	close(netdev->fd);
	netdev->fd = TAKE_FD(fd);
	return 0;
}

int netdev_netlink_detach(const struct netdev *netdev)
{
	char text[256];
	int r = 0;

	if (!netdev->only_claimed)
		r = extack_replace(
			netdev->ifindex, netdev_flag(netdev->mode), -1, netdev->fd, text, sizeof(text));
	/* Another program is there by now, or a link, or no interface. */
	return r == -EEXIST || r == -EBUSY || r == -ENODEV ? 0 : r;
}

int netdev_netlink_program_id(const struct netdev *netdev, uint32_t *ret_id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(netdev->fd, &info, &size) < 0)
		return -errno;
	*ret_id = info.id;
	return 0;
}

/* In which of the modes does the interface run the program? */
static int learn_mode(struct netdev *netdev)
{
	uint32_t id = 0;
	int r = netdev_netlink_program_id(netdev, &id);

	for (int mode = XDP_MODE_NATIVE; r == 0 && mode <= XDP_MODE_GENERIC; mode++) {
		netdev->mode = mode;
		r = netdev_is_here(netdev, id);
	}
	return r;
}

/* The pin tells the program, its name the interface, and the interface in which mode it runs the program. */
int netdev_netlink_open(const char *path, int program_fd, struct netdev **ret_netdev, struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = netdev_alloc(NETDEV_NETLINK, XDP_MODE_NATIVE);
	const char *name = strrchr(path, '/');
	int r;

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory for pin %s", path);
	netdev->ifindex = (unsigned)strtoul(name ? name + 1 : path, NULL, 10);
	r = ask_name(netdev->ifindex, netdev->name);
	if (r == 0)
		return fail(diag, -ENODEV, "pin %s: its interface is gone", path);
	if (r < 0)
		return fail(
			diag, r, "pin %s: cannot ask the kernel for its interface: %s", path, strerror(-r));
	netdev->fd = fcntl(program_fd, F_DUPFD_CLOEXEC, 3);
	if (netdev->fd < 0)
		return fail(diag, -errno, "cannot look at pin %s: %s", path, strerror(errno));
	r = learn_mode(netdev);
	if (r == 0)
		return fail(diag, -ENODEV,
			"pin %s: interface %s does not run the program that was attached to it through netlink",
			path, netdev->name);
	if (r < 0)
		return fail(diag, r, "pin %s: cannot see what interface %s runs: %s", path, netdev->name,
			strerror(-r));
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}
