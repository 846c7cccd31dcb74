/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A chain's program goes onto an interface, with its pin, and off it. */
#ifndef HOST_CHAIN_ATTACHMENT_H
#define HOST_CHAIN_ATTACHMENT_H

#include <stdbool.h>

#include "host/chain/chain.h"

/*
 * Attach the chain's dispatcher to the interface of `interface->name`, in the mode of `generic`, and pin
 * that: `interface->netdev`, which is NULL until then. `replace`: where a program of someone else is there,
 * and its place can be taken, only claim it (netdev_claim()). Errors: as netdev_attach(); then nothing is
 * attached.
 */
int attachment_make(struct chain *chain, struct chain_interface *interface, bool generic, bool replace,
	struct xslot_diag *diag);

/*
 * Take the program off the interface, which may be gone, free `interface->netdev` and make it NULL, which it
 * may be before. An error is logged, and the pin stays for the next start.
 */
void attachment_end(const struct chain *chain, struct chain_interface *interface);

#endif
