/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `bpftool link detach`, and an update of our link, the kernel reports to nobody: not on the netlink group
 * that tells of interfaces, nor on the link's file descriptor. So the links are asked, one system call each,
 * every two seconds: 64 interfaces are some 50 microseconds, and no packet notices. Putting the chain back is
 * left to the task that looks at the interfaces anyway, which does it as after a report.
 *
 * That it is put back is the default, since the other way fails open: an interface without its chain passes
 * everything, and whoever took it off had other means (`xslotctl bypass`, `xslotctl clean`) that say who it
 * was.
 */
#include "host/loop/lookout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/displaced.h"
#include "host/loop/host_private.h"
#include "host/loop/links.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define PERIOD_US 2000000
#define SLACK_US 500000
#define RETRY 15 /* periods after which what could not be put back is tried once more */

/* What was done, as the beginning of a sentence. Caller frees. */
static char *what_happened(const struct chain *chain, const struct chain_interface *interface)
{
	bool link = netdev_kind(interface->netdev) == NETDEV_LINK;
	char *text;

	if (asprintf(&text, "somebody %s %s, and packets do not meet the chain",
		    link ? "detached the BPF link of"
			 : "took the chain's program, attached through netlink, off",
		    interface->name) < 0)
		memory_out();
	return text;
}

char *lookout_reason(const struct chain *chain, const struct chain_interface *interface)
{
	char *what = what_happened(chain, interface), *text;

	if (asprintf(&text, "%s; %s", what,
		    chain->only_alarm
			    ? "on_detach = alarm, so it stays so until \"xslotctl reload\" attaches it"
			    : "it is being attached again") < 0)
		memory_out();
	free(what);
	return text;
}

bool lookout_leaves(const struct chain *chain, const struct chain_interface *interface)
{
	if (!chain->only_alarm || !interface->netdev)
		return false;
	return interface->alive ? interface->displaced : netdev_was_detached(interface->netdev);
}

static void say(const struct chain *chain, const struct chain_interface *interface, uint32_t displaced_by)
{
	char *reason = displaced_by ? displaced_reason(interface->netdev, displaced_by)
				    : lookout_reason(chain, interface);

	/* Of a program that is driven out displaced.c tells. */
	if (!displaced_by || chain->only_alarm)
		log_error("%s: %s", chain->name, reason);
	free(reason);
}

/* True when this is news. */
static bool look(struct host *host, const struct chain *chain, struct chain_interface *interface)
{
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
			log_info("%s: %s runs the chain again", chain->name, interface->name);
		interface->alarm = 0;
		return before;
	}
	if (!before)
		say(chain, interface, displaced_by);
	if (interface->alarm++ % RETRY == 0 && !chain->only_alarm)
		links_look(host);
	return !before;
}

void lookout_look(struct host *host)
{
	bool news = false;

	/* Until then the worker writes the list of chains. */
	for (size_t i = 0; (host->ready || host->adopted) && i < host->dataplane.n_chains; i++) {
		const struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++)
			news |= look(host, chain, &chain->interfaces[j]);
	}
	if (news && !host->running)
		outcome_notify_ready(host);
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	lookout_look(data);
	sd_event_source_set_time_relative(source, PERIOD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int lookout_open(struct host *host, struct xslot_diag *diag)
{
	int r = sd_event_add_time_relative(
		host->event, &host->lookout, CLOCK_MONOTONIC, PERIOD_US, SLACK_US, on_time, host);

	return r < 0 ? fail(diag, r, "cannot set a clock to look after the interfaces: %s", strerror(-r)) : 0;
}

void lookout_close(struct host *host)
{
	sd_event_source_disable_unref(host->lookout);
}
