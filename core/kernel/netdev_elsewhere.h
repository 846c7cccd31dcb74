/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that moved to another network namespace. */
#ifndef KERNEL_NETDEV_ELSEWHERE_H
#define KERNEL_NETDEV_ELSEWHERE_H

#include <net/if.h>

#include "kernel/netdev.h"

/*
 * As netdev_strip(), for what is attached through netlink: look for the interface in the namespaces that
 * processes have and /run/netns names. True, and what it is called there, if the program was taken off.
 * CAP_SYS_ADMIN.
 */
bool netdev_strip_elsewhere(const struct netdev *netdev, char ret_name[static IF_NAMESIZE]);

/* The same for what the pin at `path` marks as attached through netlink; a link: false. */
bool netdev_strip_pinned_elsewhere(const char *path, char ret_name[static IF_NAMESIZE]);

#endif
