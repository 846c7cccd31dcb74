/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whether a reload attaches, a report of the kernel or a host that stands in, and whether a chain releases
 * one interface, ends or is undone: it is done here. Taking off is said to the kernel; that the last
 * descriptor is closed is not enough, since anyone may hold one.
 *
 * What changes the program of an attachment that stays (netdev_update(), a claim) is in change_commit.c, or
 * in displaced.c where someone else had changed it. What leads to no chain of this host, since the host is
 * not there (kept/removal.c) or the interface is not (lost.c, adopt/adoption_interfaces.c), has no
 * attachment to end: there a pin is followed to wherever its program is.
 */
#include "host/chain/attachment.h"

#include <errno.h>
#include <string.h>

#include "host/chain/store.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"

int attachment_make(struct chain *chain, struct chain_interface *interface, bool generic, bool replace,
	struct xslot_diag *diag)
{
	enum xdp_mode mode = generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
	int program_fd = dispatcher_fd(chain->dispatcher);
	int r = -EAGAIN;

	if (replace)
		r = netdev_claim(interface->name, mode, program_fd, &interface->netdev, diag);
	if (r == -EAGAIN) {
		xslot_diag_clear(diag);
		r = netdev_attach(interface->name, mode, program_fd, &interface->netdev, diag);
	}
	if (r < 0)
		return r;
	r = store_interface(chain, interface->netdev, diag);
	if (r < 0)
		attachment_end(chain, interface);
	return r;
}

void attachment_end(const struct chain *chain, struct chain_interface *interface)
{
	struct netdev *netdev = TAKE_PTR(interface->netdev);
	int r;

	if (!netdev)
		return;
	r = netdev_strip(netdev);
	if (r < 0)
		log_error("chain %s: cannot take the chain off %s: %s", chain->name, interface->name,
			strerror(-r));
	else
		store_forget_interface(chain, netdev);
	netdev_close(netdev);
}
