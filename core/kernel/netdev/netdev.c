/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * XDP on one interface. The mode is always named, since without one the kernel falls back to generic in
 * silence. There are two ways to be attached: netdev/link.c is what we want, netdev/netlink.c what is
 * possible over a program that somebody else attached through netlink.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "extension/bpffs.h"
#include "kernel/ask.h"
#include "kernel/features.h"
#include "kernel/netdev/elsewhere.h"
#include "kernel/netdev/netdev_private.h"
#include "kernel/netdev/xdp_ids.h"
#include "util/diag.h"

const char *xdp_mode_name(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? "generic" : "native";
}

const char *netdev_kind_name(enum netdev_kind kind)
{
	return kind == NETDEV_NETLINK ? "netlink" : "link";
}

uint32_t netdev_flag(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

struct netdev *netdev_alloc(enum netdev_kind kind, enum xdp_mode mode)
{
	struct netdev *netdev = calloc(1, sizeof(*netdev));

	if (netdev)
		*netdev = (struct netdev){ .kind = kind, .mode = mode, .fd = -1, .previous_fd = -1 };
	return netdev;
}

static void driver_name(const char *interface, char *ret_driver, size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int fd CLEANUP(close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
		snprintf(info.driver, sizeof(info.driver), "unknown");
	snprintf(ret_driver, size, "%s", info.driver);
}

static int look_at(const char *name, struct netdev_look *ret_look)
{
	struct ifreq mtu, flags;
	struct xdp_ids ids;
	unsigned ifindex;
	int r;

	r = ask_index(name, &ifindex);
	if (r == 1)
		r = ask_ioctl(name, SIOCGIFMTU, &mtu);
	if (r == 1)
		r = ask_ioctl(name, SIOCGIFFLAGS, &flags);
	if (r != 1)
		return r;
	r = xdp_ids_get(ifindex, &ids);
	if (r < 0)
		return r == -ENODEV ? 0 : r;
	*ret_look = (struct netdev_look){
		.ifindex = ifindex,
		.mtu = mtu.ifr_mtu,
		.up = flags.ifr_flags & IFF_UP,
		.native_id = ids.native,
		.generic_id = ids.generic,
	};
	return 1;
}

int netdev_look(const char *name, struct netdev_look *ret_look)
{
	int r = look_at(name, ret_look);

	if (r == 0)
		*ret_look = (struct netdev_look){};
	return r < 0 ? r : 0;
}

bool netdev_same_look(const struct netdev_look *a, const struct netdev_look *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu && a->up == b->up &&
	       a->native_id == b->native_id && a->generic_id == b->generic_id;
}

int netdev_find(const char *what, const char *name, unsigned *ret_ifindex, struct xslot_diag *diag)
{
	int r = ask_index(name, ret_ifindex);

	if (r == 0)
		return fail(diag, -ENODEV, "%s %s: there is no interface of that name", what, name);
	if (r < 0)
		return fail(diag, r, "%s %s: cannot ask the kernel for it: %s", what, name, strerror(-r));
	return 0;
}

int netdev_refused(const char *name, enum xdp_mode mode, int error, const char *text, struct xslot_diag *diag)
{
	bool about_mtu = strstr(text, "MTU") || strstr(text, "mtu");
	char driver[32], help[128];
	struct ifreq mtu = { 0 };
	size_t length;

	driver_name(name, driver, sizeof(driver));
	length = strlen(driver);
	if (strncmp(text, driver, length) == 0 && strncmp(text + length, ": ", 2) == 0)
		text += length + 2; /* newer kernels put the name before the text themselves */
	if (mode == XDP_MODE_GENERIC)
		snprintf(help, sizeof(help), "generic mode has no other to fall back to");
	else if (about_mtu && ask_ioctl(name, SIOCGIFMTU, &mtu) == 1)
		snprintf(help, sizeof(help),
			"a smaller MTU on both ends (%d here)%s or mode = generic would help", mtu.ifr_mtu,
			features_frags(NULL, 0) == 0 ? ", frags = yes" : "");
	else
		snprintf(help, sizeof(help), "mode = generic would help");
	return fail(diag, error, "cannot attach to %s in %s mode: driver %s refuses: %s; %s", name,
		xdp_mode_name(mode), driver, text[0] ? text : strerror(-error), help);
}

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

void netdev_close(struct netdev *netdev)
{
	if (!netdev)
		return;
	cleanup_close(&netdev->fd);
	cleanup_close(&netdev->previous_fd);
	free(netdev);
}

void netdev_detach(struct netdev *netdev)
{
	if (netdev && netdev->kind == NETDEV_NETLINK)
		netdev_strip(netdev);
	netdev_close(netdev);
}

int netdev_strip(const struct netdev *netdev)
{
	if (netdev->kind == NETDEV_NETLINK)
		return netdev_netlink_detach(netdev);
	return bpf_link_detach(netdev->fd) < 0 && errno != ENOLINK ? -errno : 0;
}

void netdev_rename(struct netdev *netdev, const char *name)
{
	snprintf(netdev->name, sizeof(netdev->name), "%s", name);
}

const char *netdev_name(const struct netdev *netdev)
{
	return netdev->name;
}

unsigned netdev_ifindex(const struct netdev *netdev)
{
	return netdev->ifindex;
}

enum xdp_mode netdev_mode(const struct netdev *netdev)
{
	return netdev->mode;
}

enum netdev_kind netdev_kind(const struct netdev *netdev)
{
	return netdev->kind;
}

int netdev_program_id(const struct netdev *netdev, uint32_t *ret_id)
{
	unsigned ifindex;

	return netdev->kind == NETDEV_LINK ? netdev_link_program_id(netdev, ret_id, &ifindex)
					   : netdev_netlink_program_id(netdev, ret_id);
}

/*
 * A link knows when its device was deleted. A device that moved away keeps link and index, in another
 * namespace, so ask also whether the one that has the index here runs the program.
 */
static int is_here(const struct netdev *netdev, uint32_t program_id)
{
	uint32_t id = 0;
	int r = neighbour_id(netdev->ifindex, netdev_flag(netdev->mode), &id);

	if (r < 0)
		return r == -ENODEV ? 0 : r;
	return id == program_id;
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
	r = link && brief ? 1 : is_here(netdev, id);
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
				       "cannot see whether the interface of %s runs our program in another "
				       "network "
				       "namespace: %s",
				       path, strerror(-r))
			     : 0;
	}
	if (r == -EINVAL || r == -ENOENT) /* not an attachment of ours: nothing to take off */
		return 0;
	if (r == 0 && netdev->kind == NETDEV_NETLINK) {
		r = netdev_netlink_detach(netdev);
		if (r < 0)
			fail(diag, r, "cannot take our program off %s: %s", netdev->name, strerror(-r));
	}
	return r;
}
