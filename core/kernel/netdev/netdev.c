/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * XDP on one interface. The mode is always given, since without one the kernel silently falls back to
 * generic. There are two ways to attach: a BPF link (netdev_link.c), which is preferred, and netlink
 * (netdev_netlink.c), the only way to replace a program that someone else attached through netlink. This file
 * chooses between them.
 */
#include "kernel/netdev/netdev.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "extension/bpffs.h"
#include "kernel/ask.h"
#include "kernel/netdev/elsewhere.h"
#include "kernel/netdev/netdev_private.h"
#include "util/diag.h"

int netdev_try(const char *name, enum xdp_mode mode, bool replace, struct xslot_diag *diag)
{
	unsigned ifindex = 0;
	char text[768] = "";
	int r = replace ? netdev_netlink_try(name, mode, diag) : -EAGAIN;

	if (r != -EAGAIN)
		return r;
	xslot_diag_clear(diag);
	r = netdev_find("cannot attach to", name, &ifindex, diag);
	if (r < 0)
		return r;
	r = neighbour_describe(ifindex, name, text, sizeof(text));
	if (r < 0)
		return fail(diag, r, "cannot see whether another program is on %s: %s", name, strerror(-r));
	return r > 0 ? fail(diag, -EBUSY, "cannot attach to %s in %s mode: %s", name, xdp_mode_name(mode),
			       text)
		     : 0;
}

int netdev_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag)
{
	return netdev->kind == NETDEV_LINK ? netdev_link_update(netdev, program_fd, diag)
					   : netdev_netlink_update(netdev, program_fd, diag);
}

int netdev_strip(const struct netdev *netdev)
{
	if (netdev->kind == NETDEV_NETLINK)
		return netdev_netlink_detach(netdev);
	return bpf_link_detach(netdev->fd) < 0 && errno != ENOLINK ? -errno : 0;
}

int netdev_program_id(const struct netdev *netdev, uint32_t *ret_id)
{
	unsigned ifindex;

	return netdev->kind == NETDEV_LINK ? netdev_link_program_id(netdev, ret_id, &ifindex)
					   : netdev_netlink_program_id(netdev, ret_id);
}

int netdev_runs(const struct netdev *netdev, bool brief, uint32_t *ret_program_id)
{
	bool link = netdev->kind == NETDEV_LINK;
	unsigned ifindex = netdev->ifindex;
	uint32_t id = 0;
	int r = link ? netdev_link_program_id(netdev, &id, &ifindex) : netdev_netlink_program_id(netdev, &id);

	if (r < 0)
		return r;
	if (!id || ifindex != netdev->ifindex)
		return 0;
	r = link && brief ? 1 : netdev_is_here(netdev, id);
	if (r == 1)
		*ret_program_id = id;
	return r;
}

/* A link lets go of its device when it is detached, and when the device is deleted: of that there are
 * reports. */
static bool is_off(const struct netdev *netdev)
{
	unsigned ifindex = netdev->ifindex;
	uint32_t id = 0, ours = 0;

	if (netdev->kind == NETDEV_LINK)
		return netdev_link_program_id(netdev, &id, &ifindex) >= 0 && ifindex == 0;
	return neighbour_id(netdev->ifindex, netdev_flag(netdev->mode), &id) == 0 &&
	       netdev_netlink_program_id(netdev, &ours) >= 0 && id != ours;
}

bool netdev_was_detached(const struct netdev *netdev)
{
	unsigned index = 0;

	return is_off(netdev) && ask_index(netdev->name, &index) == 1 && index == netdev->ifindex;
}

int netdev_alive(const struct netdev *netdev)
{
	return netdev_runs(netdev, false, &(uint32_t){ 0 });
}

int netdev_pin(const struct netdev *netdev, const char *path, struct xslot_diag *diag)
{
	return bpffs_pin(netdev->fd, path, netdev->name, diag);
}

int netdev_open_pinned(const char *path, struct netdev **ret_netdev, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	int r = bpffs_open(path, BPFFS_PROGRAM, &fd, diag);

	if (r == 0)
		return netdev_netlink_open(path, fd, ret_netdev, diag);
	return r == -EINVAL ? netdev_link_open(path, ret_netdev, diag) : r;
}

int netdev_pin_is_live(const char *path, unsigned *ret_ifindex)
{
	CLEANUP(netdev_close) struct netdev *netdev = NULL;
	CLEANUP(close) int fd = -1;
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int r;

	*ret_ifindex = 0;
	r = bpffs_open(path, BPFFS_LINK, &fd, NULL);
	if (r == 0) {
		if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
			return -errno;
		*ret_ifindex = info.type == BPF_LINK_TYPE_XDP ? info.xdp.ifindex : 0;
		return *ret_ifindex != 0;
	}
	if (r != -EINVAL)
		return r == -ENOENT ? 0 : r;
	r = netdev_open_pinned(path, &netdev, NULL);
	if (r == 0)
		*ret_ifindex = netdev->ifindex;
	return r == 0 ? 1 : r == -ENODEV || r == -EINVAL ? 0 : r;
}

int netdev_detach_pinned(const char *path, struct xslot_diag *diag)
{
	CLEANUP(netdev_close) struct netdev *netdev = NULL;
	int r;

	r = netdev_open_pinned(path, &netdev, diag);
	if (r == -ENODEV) {
		r = netdev_strip_pinned_elsewhere(path, (char[IF_NAMESIZE]){ 0 });
		return r < 0 ? fail(diag, r,
				       "cannot see whether the interface of %s runs our program in another network namespace: %s",
				       path, strerror(-r))
			     : 0;
	}
	if (r == -EINVAL || r == -ENOENT) /* not an attachment of ours: nothing to take off */
		return 0;
	if (r < 0)
		return r;
	r = netdev_strip(netdev);
	return r < 0 ? fail(diag, r, "cannot take our program off %s: %s", netdev->name, strerror(-r)) : 0;
}
