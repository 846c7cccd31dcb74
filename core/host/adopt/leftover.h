/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a host that died in a transaction left behind: finished or removed. Worker thread, part of adoption.
 */
#ifndef HOST_ADOPT_LEFTOVER_H
#define HOST_ADOPT_LEFTOVER_H

#include <stdbool.h>

#include "host/chain/chain.h"
#include "kernel/dispatcher/grace.h"
#include "util/thread_role.h"

/*
 * Of a chain and the one that was rebuilt from it, one goes on: the rebuilt one, with all interfaces, when
 * packets had met it; else the old one. The other is removed from `chains` and freed. Where that is not
 * possible (a driver refuses, or the rebuilt one has interfaces of its own) both stay, the one that is to go
 * under a name that begins with "@", which no file can want.
 */
void leftover_rebuilds(struct chain **chains, size_t *n, const char *root, struct grace *grace) ON_WORKER;

/* Remove from inst/ what does not run: whole instances, and links into banks that packets do not reach. */
void leftover_instances(const struct chain *chain);

/*
 * After removals that failed: remove the instances and links that these chains, which are all that there
 * are, have no use for, and the pins of interfaces and the folders of chains that were to go. Between changes
 * only.
 */
void leftover_again(struct chain *const *chains, size_t n);

/* Does the folder ROOT/NAME know an interface? True when that cannot be seen. */
bool leftover_has_interfaces(const char *root, const char *name);
/* Remove a chain that never had one: a host died while it made it. */
void leftover_unfinished(const char *root, const char *name) ON_WORKER;

#endif
