/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces that a chain no longer has, since they were deleted, renamed, or moved to another namespace. */
#ifndef HOST_CHAIN_LOST_H
#define HOST_CHAIN_LOST_H

#include "host/chain/chain.h"

/*
 * Take the program off, wherever the interface is now. Logs what became of one that was attached through
 * netlink and moved: nothing else takes its program off.
 */
void lost_strip(const struct chain *chain, const struct chain_interface *interface);

#endif
