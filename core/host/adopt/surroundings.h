/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a configuration would find on this machine: folders, another host, running chains. Nothing is changed.
 */
#ifndef HOST_ADOPT_SURROUNDINGS_H
#define HOST_ADOPT_SURROUNDINGS_H

#include <stdbool.h>

#include "host/chain/dataplane.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

/*
 * Look where the setup's [host] says, as a start does, or, when the host that answers there is running, as it
 * would find it at a reload: `ret_reload`. What runs becomes the dataplane's chains: to be given to
 * surroundings_forget() before the dataplane is closed. What a start would refuse is an error in
 * the report, then -EINVAL; what it would only log is a warning.
 */
int surroundings_look(
	struct dataplane *dataplane, struct setup *setup, bool *ret_reload, struct report *report) ON_WORKER;
void surroundings_forget(struct dataplane *dataplane);

#endif
