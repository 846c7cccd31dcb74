/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Shared by netdev.c, its two kinds of attachment, and device.c. */
#ifndef KERNEL_NETDEV_NETDEV_PRIVATE_H
#define KERNEL_NETDEV_NETDEV_PRIVATE_H

#include <net/if.h>

#include "kernel/netdev/neighbour.h"
#include "kernel/netdev/netdev.h"
#include "util/cleanup.h"

struct netdev {
	char name[IF_NAMESIZE];
	unsigned ifindex;
	enum xdp_mode mode;
	enum netdev_kind kind;
	int fd; /* the link, or, through netlink, our program */
	/* Through netlink, from the claim to the commit: whose place it takes. */
	int previous_fd;
	char previous[NEIGHBOUR_NAME + 32];
	bool only_claimed; /* the claim was not made good yet: that one is still there */
};

DEFINE_CLEANUP(struct netdev *, netdev_close);

struct netdev *netdev_alloc(enum netdev_kind kind, enum xdp_mode mode); /* NULL: out of memory */

uint32_t netdev_flag(enum xdp_mode mode); /* XDP_FLAGS_*_MODE */

/* The sentence for an `error` of the driver, which said `text` or nothing (""). Returns `error`. */
int netdev_refused(
	const char *name, enum xdp_mode mode, int error, const char *text, struct xslot_diag *diag);

/*
 * The interface of this name: 0, -ENODEV when there is none, or -errno when the kernel does not say. `what`
 * for the sentence: "cannot attach to".
 */
int netdev_find(const char *what, const char *name, unsigned *ret_ifindex, struct xslot_diag *diag);

/*
 * Does the interface that has the index here run this program? 1; 0, also when it has gone; -errno. A link
 * knows when its device was deleted; one that moved away keeps link and index, in another namespace.
 */
int netdev_is_here(const struct netdev *netdev, uint32_t program_id);

/* netdev_link.c */
int netdev_link_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag);
int netdev_link_open(const char *path, struct netdev **ret_netdev, struct xslot_diag *diag);
int netdev_link_program_id(const struct netdev *netdev, uint32_t *ret_id, unsigned *ret_ifindex);

/* netdev_netlink.c */
int netdev_netlink_try(const char *name, enum xdp_mode mode, struct xslot_diag *diag);
int netdev_netlink_update(struct netdev *netdev, int program_fd, struct xslot_diag *diag);
int netdev_netlink_detach(const struct netdev *netdev); /* 0 when it is not ours any more */
int netdev_netlink_open(
	const char *path, int program_fd, struct netdev **ret_netdev, struct xslot_diag *diag);
int netdev_netlink_program_id(const struct netdev *netdev, uint32_t *ret_id);

#endif
