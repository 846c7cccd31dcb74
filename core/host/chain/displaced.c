/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Nobody can attach over a link, but a process that has it, by its pin or its id, can put another program
 * into it, and the kernel does not report that: our pin exists, the interface has an XDP program, and no
 * packet meets the chain. The link is ours, so we take no other owner's place, and there is no reason to wait
 * for an operator: the chain's program goes back into the same link, and the interface is never bare. An
 * attachment through netlink is different: there the place now belongs to whatever program replaced ours.
 *
 * While a task runs, between tasks, and after a task was undone, the link of a chain's interface leads to its
 * dispatcher: a rebuild gives link and dispatcher to the new chain in one step of the loop. So if they
 * differ, it was not us.
 */
#include "host/chain/displaced.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/netdev/neighbour.h"
#include "util/log.h"
#include "util/memory.h"

bool displaced_is(const struct chain *chain, const struct netdev *netdev, uint32_t program_id)
{
	return netdev_kind(netdev) == NETDEV_LINK && program_id != dispatcher_program_id(chain->dispatcher);
}

char *displaced_reason(const struct netdev *netdev, uint32_t program_id)
{
	char name[NEIGHBOUR_NAME], *text;

	neighbour_name(program_id, name);
	if (asprintf(&text,
		    "XDP program %s (program id %u) was put into our BPF link on %s, and packets do not meet the chain; \"xslotctl reload\" puts the chain's program back",
		    name, program_id, netdev_name(netdev)) < 0)
		memory_out();
	return text;
}

static void put_back(const struct chain *chain, struct chain_interface *interface, uint32_t program_id)
{
	struct xslot_diag diag = {};
	char name[NEIGHBOUR_NAME];
	int r;

	neighbour_name(program_id, name); /* it may be gone with the update */
	r = netdev_update(interface->netdev, dispatcher_fd(chain->dispatcher), &diag);
	if (r == 0)
		log_error(
			"%s: %s ran XDP program %s (program id %u) and not the chain, since somebody had put it into our BPF link; the chain is back, and `bpftool prog show id %u` shows who holds the program, if anyone still does",
			chain->name, interface->name, name, program_id, program_id);
	else
		log_error(
			"%s: %s runs XDP program %s (program id %u) and not the chain, since somebody put it into our BPF link: %s",
			chain->name, interface->name, name, program_id, diag.message);
	interface->displaced = r < 0;
	xslot_diag_clear(&diag);
}

void displaced_look(
	const struct chain *chain, struct chain_interface *interface, uint32_t program_id, bool drive_out)
{
	interface->displaced = false;
	interface->displaced_by = 0;
	if (!interface->alive || !displaced_is(chain, interface->netdev, program_id))
		return;
	interface->displaced_by = program_id;
	if (drive_out)
		put_back(chain, interface, program_id);
	else
		interface->displaced = true;
}
