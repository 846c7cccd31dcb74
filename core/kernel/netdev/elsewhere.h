/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that moved to another network namespace. */
#ifndef KERNEL_NETDEV_ELSEWHERE_H
#define KERNEL_NETDEV_ELSEWHERE_H

#include <net/if.h>

#include "kernel/netdev/netdev.h"

/*
 * As netdev_strip(), for what is attached through netlink: look for the interface in the namespaces that
 * processes have and /run/netns names. 1, and what it is called there: the program was taken off; 0: no
 * interface elsewhere runs it; -errno: not every namespace can be looked into. CAP_SYS_ADMIN.
 */
int netdev_strip_elsewhere(const struct netdev *netdev, char ret_name[static IF_NAMESIZE]);

/* The same for what the pin at `path` marks as attached through netlink; a link: 0. */
int netdev_strip_pinned_elsewhere(const char *path, char ret_name[static IF_NAMESIZE]);

#endif
