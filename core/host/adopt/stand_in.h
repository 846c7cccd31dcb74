/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The interfaces of chains that run without the files: see transaction_stands_in(). Loop thread. */
#ifndef HOST_ADOPT_STAND_IN_H
#define HOST_ADOPT_STAND_IN_H

#include "host/chain/dataplane.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

/* The chains that run shall have the interfaces that the files give them, beside those that they have. */
void stand_in_expect(struct dataplane *dataplane, const struct setup *setup) ON_LOOP;

/*
 * See what became of the interfaces: one that is gone or has another name is released, one that is there is
 * attached, one that refuses is left until it looks otherwise. Each is logged. -errno: the kernel does not
 * say what is there; nothing is released for that, and it is to be tried again.
 */
int stand_in_interfaces(struct dataplane *dataplane) ON_LOOP;

#endif
