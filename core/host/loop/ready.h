/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The line that systemd shows. Loop thread. */
#ifndef HOST_LOOP_READY_H
#define HOST_LOOP_READY_H

#include "host/chain/dataplane.h"
#include "host/kept/kept.h"
#include "util/thread_role.h"

/* READY=1, and in a line what runs, after all that is not as it should be. `last`: the last reload's result.
 */
void ready_notify(const struct dataplane *dataplane, const struct kept *kept, const char *last) ON_LOOP;

#endif
