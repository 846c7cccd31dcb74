/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An interface that carries a dispatcher: what is known about it, however the program was attached. */
#ifndef KERNEL_NETDEV_DEVICE_H
#define KERNEL_NETDEV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

enum xdp_mode { XDP_MODE_NATIVE, XDP_MODE_GENERIC };

const char *xdp_mode_name(enum xdp_mode mode); /* "native", "generic" */

enum netdev_kind { NETDEV_LINK, NETDEV_NETLINK };

const char *netdev_kind_name(enum netdev_kind kind); /* "link", "netlink" */

struct netdev; /* one interface that carries a dispatcher */

/* What a driver's refusal can depend on, as far as it can be seen. */
struct netdev_look {
	unsigned ifindex, mtu, native_id, generic_id;
	bool up;
};
int netdev_look(const char *name, struct netdev_look *ret_look); /* 0, or -errno; ifindex 0: not there */
bool netdev_same_look(const struct netdev_look *a, const struct netdev_look *b);

/* What messages call it. */
void netdev_rename(struct netdev *netdev, const char *name);
const char *netdev_name(const struct netdev *netdev);
unsigned netdev_ifindex(const struct netdev *netdev);
enum xdp_mode netdev_mode(const struct netdev *netdev);
enum netdev_kind netdev_kind(const struct netdev *netdev);

/* Free only: a pinned link, and what is attached through netlink, lives on. Accepts NULL. */
void netdev_close(struct netdev *netdev);

#endif
