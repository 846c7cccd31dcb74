/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An interface and what is known about it, however the program was attached. */
#include "kernel/netdev/device.h"

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

#include "kernel/ask.h"
#include "kernel/features.h"
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
		snprintf(help, sizeof(help), "after generic there is no other mode to try");
	else if (about_mtu && ask_ioctl(name, SIOCGIFMTU, &mtu) == 1)
		snprintf(help, sizeof(help),
			"a smaller MTU on both ends (%d here)%s or mode = generic would help", mtu.ifr_mtu,
			features_frags(NULL, 0) == 0 ? ", frags = yes" : "");
	else
		snprintf(help, sizeof(help), "mode = generic would help");
	return fail(diag, error, "cannot attach to %s in %s mode: driver %s refuses: %s; %s", name,
		xdp_mode_name(mode), driver, text[0] ? text : strerror(-error), help);
}

void netdev_close(struct netdev *netdev)
{
	if (!netdev)
		return;
	cleanup_close(&netdev->fd);
	cleanup_close(&netdev->previous_fd);
	free(netdev);
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

int netdev_is_here(const struct netdev *netdev, uint32_t program_id)
{
	uint32_t id = 0;
	int r = neighbour_id(netdev->ifindex, netdev_flag(netdev->mode), &id);

	if (r < 0)
		return r == -ENODEV ? 0 : r;
	return id == program_id;
}
