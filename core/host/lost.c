/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where an interface went our program has no business, and one that comes back must be bare, to be attached
 * to. A link sees to that in one call. What took another's place through netlink is looked for; where that
 * fails only the report that it has moved tells it from one that was deleted.
 */
#include "host/lost.h"

#include "kernel/netdev_elsewhere.h"
#include "util/log.h"

/* It went and came back, or its name did. */
static bool is_back(const struct chain_interface *interface)
{
	struct netdev_look look = netdev_look(interface->name);
	uint32_t ours = netdev_program_id(interface->netdev);

	return look.ifindex && (look.native_id == ours || look.generic_id == ours);
}

void lost_strip(const struct chain *chain, const struct chain_interface *interface)
{
	const struct netdev *netdev = interface->netdev;
	char name[IF_NAMESIZE];

	netdev_strip(netdev);
	if (netdev_kind(netdev) != NETDEV_NETLINK ||
		netdev_index(interface->name) == netdev_ifindex(netdev) || is_back(interface))
		return;
	if (netdev_strip_elsewhere(netdev, name))
		log_info("%s: %s moved to another network namespace, where it is called %s: detached there",
			chain->name, interface->name, name);
	else if (interface->moved)
		log_warning(
			"%s: %s moved to another network namespace and runs the chain there, since it was "
			"attached through netlink, and xslotd cannot get there: take it off with \"ip "
			"link set dev %s xdp%s off\" in that namespace",
			chain->name, interface->name, interface->name,
			netdev_mode(netdev) == XDP_MODE_GENERIC ? "generic" : "drv");
}
