/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel does not report `bpftool link detach`, or an update of our link: neither on the netlink group
 * for interfaces nor on the link's file descriptor. So the links are asked, with one system call each, every
 * two seconds: for 64 interfaces that takes some 50 microseconds, and no packet notices. The task that looks
 * at the interfaces anyway attaches the chain again, as after a report.
 *
 * Attaching again is the default, since the alternative fails open: an interface without its chain passes
 * everything, and an operator who wants that has other commands (`xslotctl bypass`, `xslotctl clean`), which
 * log who asked for it.
 */
#include "host/loop/lookout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/detached.h"
#include "host/chain/displaced.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define PERIOD_US 2000000
#define SLACK_US 500000
#define RETRY 15 /* periods after which what could not be put back is tried once more */

static void say(struct events *events, const struct chain *chain, const struct chain_interface *interface,
	uint32_t displaced_by) ON_LOOP
{
	const struct events_about about = {
		.kind = "lost", .chain = chain->name, .interface = interface->name
	};
	char *reason = displaced_by ? displaced_reason(interface->netdev, displaced_by)
				    : detached_reason(chain, interface);

	/* Of a program that is driven out displaced.c tells. */
	if (!displaced_by || chain->only_alarm)
		events_say(events, LOG_LEVEL_ERROR, &about, "%s: %s", chain->name, reason);
	else
		events_add(events, &about, "%s: %s", chain->name, reason);
	free(reason);
}

/* True when this is news. */
static bool look(struct lookout *lookout, const struct chain *chain, struct chain_interface *interface)
	ON_LOOP
{
	const struct events_about back = {
		.kind = "back", .chain = chain->name, .interface = interface->name
	};
	struct events *events = &lookout->links->loop->events;
	uint32_t program = 0, displaced_by = 0;
	int runs;
	bool alarm, before = interface->alarm > 0;

	if (!interface->netdev)
		return false;
	runs = netdev_runs(interface->netdev, true, &program);
	if (runs < 0) /* no answer: what is known stays */
		return false;
	if (runs) {
		alarm = displaced_is(chain, interface->netdev, program);
		displaced_by = alarm ? program : 0;
	} else {
		alarm = netdev_was_detached(interface->netdev);
	}
	if (!alarm) {
		if (before)
			events_say(events, LOG_LEVEL_INFO, &back, "%s: %s runs the chain again", chain->name,
				interface->name);
		interface->alarm = 0;
		return before;
	}
	if (!before)
		say(events, chain, interface, displaced_by);
	if (interface->alarm++ % RETRY == 0 && !chain->only_alarm)
		links_look(lookout->links);
	return !before;
}

void lookout_look(struct lookout *lookout)
{
	const struct loop *loop = lookout->links->loop;
	bool news = false;

	/* Until then the worker writes the list of chains. */
	for (size_t i = 0; loop->state != HOST_STARTING && i < loop->dataplane.n_chains; i++) {
		const struct chain *chain = loop->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++)
			news |= look(lookout, chain, &chain->interfaces[j]);
	}
	if (news)
		lookout->news(lookout->data);
}

static int on_time(sd_event_source *source, uint64_t usec, void *data) ON_LOOP
{
	lookout_look(data);
	sd_event_source_set_time_relative(source, PERIOD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int lookout_open(struct lookout *lookout, struct xslot_diag *diag)
{
	int r = sd_event_add_time_relative(lookout->links->loop->event, &lookout->clock, CLOCK_MONOTONIC,
		PERIOD_US, SLACK_US, on_time, lookout);

	return r < 0 ? fail(diag, r, "cannot set a timer to look at the interfaces: %s", strerror(-r)) : 0;
}

void lookout_close(struct lookout *lookout)
{
	sd_event_source_disable_unref(lookout->clock);
}
