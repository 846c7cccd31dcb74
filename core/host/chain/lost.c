/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Our program must not stay on an interface that left, and an interface that comes back must be bare, so that
 * it can be attached to. With a link, one call detaches it. A program that was attached through netlink is
 * searched for; where the search fails, only the kernel's report of the move distinguishes the interface from
 * one that was deleted.
 */
#include "host/chain/lost.h"

#include <string.h>

#include "kernel/netdev/elsewhere.h"
#include "kernel/privileges.h"
#include "util/log.h"

/* It went and came back, or its name did. Not known is no reason to look nowhere else. */
static bool is_back(const struct chain_interface *interface)
{
	struct netdev_look look;
	uint32_t ours;

	if (netdev_look(interface->name, &look) < 0 || netdev_program_id(interface->netdev, &ours) < 0)
		return false;
	return look.ifindex && (look.ifindex == netdev_ifindex(interface->netdev) || look.native_id == ours ||
				       look.generic_id == ours);
}

static void strip_elsewhere(const struct chain *chain, const struct chain_interface *interface)
{
	const struct netdev *netdev = interface->netdev;
	const char *mode = netdev_mode(netdev) == XDP_MODE_GENERIC ? "generic" : "drv";
	char name[IF_NAMESIZE];
	int r = netdev_strip_elsewhere(netdev, name);

	if (r == 1)
		log_info("%s: %s moved to another network namespace, where it is called %s: detached there",
			chain->name, interface->name, name);
	else if (interface->moved)
		log_warning(
			"%s: %s moved to another network namespace and runs the chain there, since it was attached through netlink, and xslotd %s%s%s: take it off with \"ip link set dev %s xdp%s off\" in that namespace",
			chain->name, interface->name,
			privileges_administrate() ? "cannot get there"
						  : "may not go there without CAP_SYS_ADMIN (see xslotd(8))",
			r < 0 ? ": " : "", r < 0 ? strerror(-r) : "", interface->name, mode);
	else if (r < 0)
		log_warning(
			"%s: %s is gone from here; if it moved to another network namespace, it runs the chain there: it was attached through netlink, and xslotd cannot look into every namespace: %s; \"ip link set dev %s xdp%s off\" in that namespace takes it off",
			chain->name, interface->name, strerror(-r), interface->name, mode);
}

void lost_strip(const struct chain *chain, const struct chain_interface *interface)
{
	const struct netdev *netdev = interface->netdev;
	int r = netdev_strip(netdev);

	if (r < 0)
		log_warning("%s: cannot take the chain off %s, which is gone from here: %s", chain->name,
			interface->name, strerror(-r));
	if (netdev_kind(netdev) == NETDEV_NETLINK && !is_back(interface))
		strip_elsewhere(chain, interface);
}
