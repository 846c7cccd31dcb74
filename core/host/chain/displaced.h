/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Another owner's program in our own link to an interface. */
#ifndef HOST_CHAIN_DISPLACED_H
#define HOST_CHAIN_DISPLACED_H

#include "host/chain/chain.h"

/* Is `program_id`, which the interface's attachment of ours runs, another than the chain's? */
bool displaced_is(const struct chain *chain, const struct netdev *netdev, uint32_t program_id);

/* What status says about it; caller frees. */
char *displaced_reason(const struct netdev *netdev, uint32_t program_id);

/*
 * `interface` was looked at, and runs that program if it is alive. With `drive_out` another's makes way for
 * the chain's at once; that is logged as an error, and noted in the interface, as is what did not make way.
 */
void displaced_look(
	const struct chain *chain, struct chain_interface *interface, uint32_t program_id, bool drive_out);

#endif
