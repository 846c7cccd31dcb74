/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where an instance is: what its plugin may know of the chain, as the files say it. The loop sets it when a
 * reload is live; a callback on the worker may read it at the same time.
 */
#ifndef HOST_SERVICES_WHERE_H
#define HOST_SERVICES_WHERE_H

#include <stddef.h>
#include <xslot/chain.h>

#include "config/config.h"

struct where; /* NULL: nowhere, as an instance that the files no longer want */

/* A copy replaces `*where`. */
void where_set(struct where **where, const struct config_chain *chain);
void where_free(struct where *where); /* accepts NULL */

/* As plugins get it: as much as fits into `size`. -ENOENT: nowhere; no such interface. */
int where_chain(struct where *const *where, struct xslot_chain_info *ret_info, size_t size);
int where_interface(struct where *const *where, unsigned index, char *ret_name, size_t size);

#endif
