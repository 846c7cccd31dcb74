/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/chain/detached.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/memory.h"

/* What was done, as the beginning of a sentence. Caller frees. */
static char *what_happened(const struct chain *chain, const struct chain_interface *interface)
{
	bool link = netdev_kind(interface->netdev) == NETDEV_LINK;
	char *text;

	if (asprintf(&text, "somebody %s %s, and packets do not meet the chain",
		    link ? "detached the BPF link of"
			 : "took the chain's program, attached through netlink, off",
		    interface->name) < 0)
		memory_out();
	return text;
}

char *detached_reason(const struct chain *chain, const struct chain_interface *interface)
{
	char *what = what_happened(chain, interface), *text;

	if (asprintf(&text, "%s; %s", what,
		    chain->only_alarm
			    ? "on_detach = alarm, so it stays so until \"xslotctl reload\" attaches it"
			    : "it is being attached again") < 0)
		memory_out();
	free(what);
	return text;
}

bool detached_stays(const struct chain *chain, const struct chain_interface *interface)
{
	if (!chain->only_alarm || !interface->netdev)
		return false;
	return interface->alive ? interface->displaced : netdev_was_detached(interface->netdev);
}
