/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a host wants that runs chains without their files: see transaction_stands_in(). */
#ifndef HOST_ADOPT_STAND_IN_H
#define HOST_ADOPT_STAND_IN_H

#include "host/chain/dataplane.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

/*
 * L: the running chains wait for the interfaces that the files give them, beside those that they have. An
 * interface of another running chain stays there.
 */
void stand_in_expect(struct dataplane *dataplane, const struct setup *setup) ON_LOOP;

/*
 * W: wanted are the running chains as they are, on the interfaces that they have or wait for. Its slots point
 * to running occupants, so it is for one transaction, which changes no slot. Caller unrefs.
 */
struct setup *stand_in_setup(const struct dataplane *dataplane) ON_WORKER;

#endif
