/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Attaching through a BPF link: no one else can replace the program by mistake, an update never leaves the
 * interface bare, and the program goes when the last holder of the link goes. Most of this file explains
 * failures: which program is in the way, or why the driver refuses ours.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/bpffs.h"
#include "kernel/ask.h"
#include "kernel/netdev/extack.h"
#include "kernel/netdev/netdev_private.h"
#include "util/diag.h"

/* Turn the failure of bpf_link_create into a sentence; 0 when it is worth another try. */
static int explain(const char *name, unsigned ifindex, enum xdp_mode mode, int program_fd, int error,
	struct xslot_diag *diag)
{
	char text[768];
	unsigned now;
	int r;

	if (error == -EPERM)
		return fail(diag, error, "cannot attach to %s: %s; CAP_NET_ADMIN and CAP_BPF are needed",
			name, strerror(-error));
	if (error == -EMFILE || error == -ENFILE)
		return fail(diag, error, "cannot attach to %s: %s", name, strerror(-error));
	if (error == -ENODEV || ask_index(name, &now) == 0)
		return fail(diag, -ENODEV, "cannot attach to %s: the interface is gone", name);
	r = neighbour_describe(ifindex, name, text, sizeof(text));
	if (r < 0 && (error == -EBUSY || error == -EEXIST))
		return fail(diag, error,
			"cannot attach to %s in %s mode: %s; cannot see which program is attached: %s", name,
			xdp_mode_name(mode), strerror(-error), strerror(-r));
	if (r > 0)
		return fail(diag, error == -EEXIST ? -EEXIST : -EBUSY, "cannot attach to %s in %s mode: %s",
			name, xdp_mode_name(mode), text);
	r = extack_probe(ifindex, netdev_flag(mode), program_fd, text, sizeof(text));
	if (r == 0)
		return 0;
	return netdev_refused(name, mode, error, text, diag);
}

int netdev_attach(const char *name, enum xdp_mode mode, int program_fd, struct netdev **ret_netdev,
	struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = netdev_alloc(NETDEV_LINK, mode);
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = netdev_flag(mode));
	int r;

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory to attach to %s", name);
	r = netdev_find("cannot attach to", name, &netdev->ifindex, diag);
	if (r < 0)
		return r;
	snprintf(netdev->name, sizeof(netdev->name), "%s", name);

	for (int tries = 0; tries < 2 && netdev->fd < 0; tries++) {
		netdev->fd = bpf_link_create(program_fd, netdev->ifindex, BPF_XDP, &options);
		if (netdev->fd >= 0)
			break;
		r = explain(name, netdev->ifindex, mode, program_fd, -errno, diag);
		if (r < 0)
			return r;
	}
	if (netdev->fd < 0)
		return fail(diag, -EAGAIN, "cannot attach to %s in %s mode: the driver refuses at times",
			name, xdp_mode_name(mode));
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}

int netdev_link_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag)
{
	int error;

	if (bpf_link_update(netdev->fd, program_fd, NULL) == 0)
		return 0;
	error = -errno;
	if (error == -ENOLINK)
		return fail(diag, -ENODEV, "cannot update the program on %s: the interface is gone",
			netdev->name);
	return fail(diag, error, "cannot update the program on %s (%s mode): %s; the old program stays",
		netdev->name, xdp_mode_name(netdev->mode), strerror(-error));
}

int netdev_link_program_id(const struct netdev *netdev, uint32_t *ret_id, unsigned *ret_ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(netdev->fd, &info, &size) < 0)
		return -errno;
	*ret_ifindex = info.xdp.ifindex;
	*ret_id = info.prog_id;
	return 0;
}

/* A link does not tell its mode: see in which one the interface runs its program. */
static int learn_mode(struct netdev *netdev, uint32_t program_id)
{
	uint32_t id = 0;
	int r = neighbour_id(netdev->ifindex, XDP_FLAGS_DRV_MODE, &id);

	if (r == 0 && id != program_id)
		netdev->mode = XDP_MODE_GENERIC;
	return r;
}

int netdev_link_open(const char *path, struct netdev **ret_netdev, struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_close) = netdev_alloc(NETDEV_LINK, XDP_MODE_NATIVE);
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int r;

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory for pin %s", path);
	r = bpffs_open(path, BPFFS_LINK, &netdev->fd, diag);
	if (r < 0)
		return r;
	if (bpf_obj_get_info_by_fd(netdev->fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s: %s", path, strerror(errno));
	if (info.type != BPF_LINK_TYPE_XDP)
		return fail(diag, -EINVAL, "pin %s is a link, but not one of XDP", path);
	netdev->ifindex = info.xdp.ifindex;
	r = ask_name(netdev->ifindex, netdev->name);
	if (r == 1)
		r = learn_mode(netdev, info.prog_id);
	else if (r == 0)
		r = -ENODEV;
	if (r == -ENODEV)
		return fail(diag, -ENODEV, "pin %s: its interface is gone", path);
	if (r < 0)
		return fail(
			diag, r, "pin %s: cannot ask the kernel for its interface: %s", path, strerror(-r));
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}
