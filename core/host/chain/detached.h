/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces from which someone else took the chain's program. */
#ifndef HOST_CHAIN_DETACHED_H
#define HOST_CHAIN_DETACHED_H

#include <stdbool.h>

#include "host/chain/chain.h"

/* What status says about an interface that was detached; caller frees. */
char *detached_reason(const struct chain *chain, const struct chain_interface *interface);

/* After a look at it: is it as somebody made it, and to be left so until an operator reloads? Any thread. */
bool detached_stays(const struct chain *chain, const struct chain_interface *interface);

#endif
