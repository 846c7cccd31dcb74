/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * XDP on one interface, through a BPF link: nobody else can replace it by mistake, an update never leaves the
 * interface bare, and it goes when its last holder goes. The mode is always named, since without one the
 * kernel falls back to generic in silence. What takes most lines is the failure: who is in the way, or what
 * the driver has against the program.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kernel/bpffs.h"
#include "kernel/extack.h"
#include "kernel/features.h"
#include "kernel/neighbour.h"
#include "kernel/netdev.h"
#include "util/cleanup.h"
#include "util/diag.h"

struct netdev {
	char name[IF_NAMESIZE];
	unsigned ifindex;
	enum xdp_mode mode;
	int link_fd;
};

DEFINE_CLEANUP(struct netdev *, netdev_detach);

const char *xdp_mode_name(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? "generic" : "native";
}

static uint32_t mode_flag(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

unsigned netdev_index(const char *name)
{
	return if_nametoindex(name);
}

static void driver_name(const char *interface, char *ret_driver, size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int fd CLEANUP(close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
		snprintf(info.driver, sizeof(info.driver), "unknown");
	snprintf(ret_driver, size, "%s", info.driver);
}

/* What the ioctl tells, with everything else 0; all 0 when it fails. */
static struct ifreq ask(const char *interface, unsigned long what)
{
	struct ifreq request = { 0 }, nothing = { 0 };
	int fd CLEANUP(close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return fd < 0 || ioctl(fd, what, &request) < 0 ? nothing : request;
}

struct netdev_look netdev_look(const char *name)
{
	struct netdev_look look = {
		.ifindex = if_nametoindex(name),
		.mtu = ask(name, SIOCGIFMTU).ifr_mtu,
		.up = ask(name, SIOCGIFFLAGS).ifr_flags & IFF_UP,
	};

	neighbour_id(look.ifindex, XDP_FLAGS_DRV_MODE, &look.native_id);
	neighbour_id(look.ifindex, XDP_FLAGS_SKB_MODE, &look.generic_id);
	return look;
}

bool netdev_same_look(const struct netdev_look *a, const struct netdev_look *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu && a->up == b->up &&
	       a->native_id == b->native_id && a->generic_id == b->generic_id;
}

/* The driver said no, with `text` or without. */
static int refused(const char *name, enum xdp_mode mode, int error, const char *text, struct xslot_diag *diag)
{
	bool about_mtu = strstr(text, "MTU") || strstr(text, "mtu");
	char driver[32], help[128];
	size_t length;

	driver_name(name, driver, sizeof(driver));
	length = strlen(driver);
	if (strncmp(text, driver, length) == 0 && strncmp(text + length, ": ", 2) == 0)
		text += length + 2; /* newer kernels put the name before the text themselves */
	if (mode == XDP_MODE_GENERIC)
		snprintf(help, sizeof(help), "generic mode has no other to fall back to");
	else if (about_mtu)
		snprintf(help, sizeof(help),
			"a smaller MTU on both ends (%d here)%s or mode = generic would help",
			ask(name, SIOCGIFMTU).ifr_mtu, features_frags(NULL, 0) == 0 ? ", frags = yes" : "");
	else
		snprintf(help, sizeof(help), "mode = generic would help");
	return fail(diag, error, "cannot attach to %s in %s mode: driver %s refuses: %s; %s", name,
		xdp_mode_name(mode), driver, text[0] ? text : strerror(-error), help);
}

/* Turn the failure of bpf_link_create into a sentence; 0 when it is worth another try. */
static int explain(const char *name, unsigned ifindex, enum xdp_mode mode, int program_fd, int error,
	struct xslot_diag *diag)
{
	char text[768];
	int r;

	if (error == -EPERM)
		return fail(diag, error, "cannot attach to %s: %s; CAP_NET_ADMIN and CAP_BPF are needed",
			name, strerror(-error));
	if (error == -ENODEV || !if_nametoindex(name))
		return fail(diag, -ENODEV, "cannot attach to %s: there is no such interface any more", name);
	if (neighbour_describe(ifindex, name, text, sizeof(text)) > 0)
		return fail(diag, error == -EEXIST ? -EEXIST : -EBUSY, "cannot attach to %s in %s mode: %s",
			name, xdp_mode_name(mode), text);
	r = extack_probe(ifindex, mode_flag(mode), program_fd, text, sizeof(text));
	if (r == 0)
		return 0;
	return refused(name, mode, error, text, diag);
}

int netdev_attach(const char *name, enum xdp_mode mode, int program_fd, struct netdev **ret_netdev,
	struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_detach) = calloc(1, sizeof(*netdev));
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode_flag(mode));

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory to attach to %s", name);
	*netdev = (struct netdev){ .mode = mode, .link_fd = -1, .ifindex = if_nametoindex(name) };
	if (!netdev->ifindex)
		return fail(diag, -ENODEV, "cannot attach to %s: there is no interface of that name", name);
	snprintf(netdev->name, sizeof(netdev->name), "%s", name);

	for (int tries = 0; tries < 2 && netdev->link_fd < 0; tries++) {
		int r;

		netdev->link_fd = bpf_link_create(program_fd, netdev->ifindex, BPF_XDP, &options);
		if (netdev->link_fd >= 0)
			break;
		r = explain(name, netdev->ifindex, mode, program_fd, -errno, diag);
		if (r < 0)
			return r;
	}
	if (netdev->link_fd < 0)
		return fail(diag, -EAGAIN, "cannot attach to %s in %s mode: the driver refuses now and then",
			name, xdp_mode_name(mode));
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}

int netdev_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag)
{
	int error;

	if (bpf_link_update(netdev->link_fd, program_fd, NULL) == 0)
		return 0;
	error = -errno;
	if (error == -ENOLINK)
		return fail(diag, -ENODEV, "cannot update the program on %s: the interface is gone",
			netdev->name);
	return fail(diag, error, "cannot update the program on %s (%s mode): %s; the old one stays",
		netdev->name, xdp_mode_name(netdev->mode), strerror(-error));
}

void netdev_detach(struct netdev *netdev)
{
	if (!netdev)
		return;
	cleanup_close(&netdev->link_fd);
	free(netdev);
}

void netdev_strip(const struct netdev *netdev)
{
	bpf_link_detach(netdev->link_fd);
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

/*
 * The link knows when its device was deleted. A device that moved away keeps link and index, in another
 * namespace, so ask also whether the one that has the index here runs the link's program.
 */
bool netdev_alive(const struct netdev *netdev)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info), id = 0;

	if (bpf_obj_get_info_by_fd(netdev->link_fd, &info, &size) < 0 || info.xdp.ifindex == 0)
		return false;
	if (neighbour_id(netdev->ifindex, mode_flag(netdev->mode), &id) < 0)
		return if_indextoname(netdev->ifindex, (char[IF_NAMESIZE]){ 0 }) != NULL;
	return id == info.prog_id;
}

int netdev_pin(const struct netdev *netdev, const char *path, struct xslot_diag *diag)
{
	return bpffs_pin(netdev->link_fd, path, netdev->name, diag);
}

int netdev_open_pinned(const char *path, struct netdev **ret_netdev, struct xslot_diag *diag)
{
	struct netdev *netdev CLEANUP(netdev_detach) = calloc(1, sizeof(*netdev));
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info), id = 0;
	int r;

	if (!netdev)
		return fail(diag, -ENOMEM, "no memory for pin %s", path);
	*netdev = (struct netdev){ .link_fd = -1 };
	r = bpffs_open(path, BPFFS_LINK, &netdev->link_fd, diag);
	if (r < 0)
		return r;
	if (bpf_obj_get_info_by_fd(netdev->link_fd, &info, &size) < 0)
		return fail(diag, -errno, "cannot look at pin %s: %s", path, strerror(errno));
	if (info.type != BPF_LINK_TYPE_XDP)
		return fail(diag, -EINVAL, "pin %s is a link, but not one of XDP", path);
	netdev->ifindex = info.xdp.ifindex;
	if (!netdev->ifindex || !if_indextoname(netdev->ifindex, netdev->name))
		return fail(diag, -ENODEV, "pin %s: its interface is gone", path);
	/* A link does not tell its mode: see in which the interface runs its program. */
	if (neighbour_id(netdev->ifindex, XDP_FLAGS_DRV_MODE, &id) < 0 || id != info.prog_id)
		netdev->mode = XDP_MODE_GENERIC;
	*ret_netdev = TAKE_PTR(netdev);
	return 0;
}

uint32_t netdev_program_id(const struct netdev *netdev)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(netdev->link_fd, &info, &size) < 0 ? 0 : info.prog_id;
}
