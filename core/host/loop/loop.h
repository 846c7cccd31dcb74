/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What all tasks share. */
#ifndef HOST_LOOP_LOOP_H
#define HOST_LOOP_LOOP_H

#include <systemd/sd-event.h>

#include "host/chain/dataplane.h"
#include "host/events/events.h"
#include "host/work/queue.h"
#include "host/work/worker.h"

enum host_state {
	HOST_STARTING, /* the first load is not over: nothing of the dataplane may be looked at on the loop */
	HOST_STANDING_IN, /* it was refused, but what an earlier host left is minded */
	HOST_RUNNING,
};

struct loop {
	sd_event *event;
	struct dataplane dataplane;
	struct worker *worker;
	struct queue queue;
	struct events events;
	enum host_state state;
};

#endif
