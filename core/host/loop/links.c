/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An interface that is configured by name has the program while it has the name. Reports of the kernel only
 * say that it is time to look; the task that they lead to compares what runs with what exists by then, as a
 * reload does, but reads no files: an operator may be in the middle of editing them. So any number of reports
 * becomes one task, it does not matter which of them are lost, and a task that was not needed changes
 * nothing.
 *
 * Where nothing was reported there is nothing to look at: dataplane.reports counts the times that there was
 * something, so that a transaction can tell. It begins with reading what the kernel has reported: that comes
 * before the command ends which made the change, so nobody's reload is blind to his own `ip link`.
 */
#include "host/loop/links.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "host/adopt/stand_in.h"
#include "host/loop/host_private.h"
#include "host/loop/lookout.h"
#include "kernel/netdev/linkwatch.h"
#include "util/log.h"

/* Seconds: a shortage passes at some time, and an error a minute fills no log. */
#define RETRY_MIN 2
#define RETRY_MAX 60

static void begin(struct host *host, struct task *task)
{
	const struct transaction_options options = { .file = host->file, .interfaces_only = true };

	host->links_wanted = false;
	/* Without one, what runs is what an earlier host left: no files say what is wanted. */
	if (!host->dataplane.setup) {
		links_settle(host, mind_interfaces(&host->dataplane) < 0);
		queue_next(host);
		return;
	}
	host_begin_transaction(host, &options);
}

void links_look(struct host *host)
{
	if (host->links_wanted)
		return;
	host->links_wanted = true;
	queue_add(host, task_new(begin, NULL));
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	links_look(data);
	return 0;
}

/* Is there one that is bare only for want of something that may be there by now? */
static bool is_wanting(const struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (chain->interfaces[j].refused && chain->interfaces[j].again)
				return true;
		}
	}
	return false;
}

void links_settle(struct host *host, bool unknown)
{
	unsigned after = host->links_retry ? 2 * host->links_retry : RETRY_MIN;
	int r;

	host->links_timer = sd_event_source_disable_unref(host->links_timer);
	if (!unknown && !is_wanting(&host->dataplane)) {
		host->links_retry = 0;
		return;
	}
	host->links_retry = after > RETRY_MAX ? RETRY_MAX : after;
	log_info("looking at the interfaces again in %u seconds", host->links_retry);
	r = sd_event_add_time_relative(host->event, &host->links_timer, CLOCK_MONOTONIC,
		host->links_retry * 1000000ULL, 0, on_time, host);
	if (r < 0)
		log_error(
			"cannot set a clock to look at the interfaces again: %s; \"xslotctl reload\" looks at them",
			strerror(-r));
}

static bool concerns_interface(const struct chain_interface *interface, const struct link_event *event)
{
	bool same_name = strcmp(interface->name, event->name) == 0;
	const struct netdev *netdev = interface->netdev;

	if (netdev && netdev_ifindex(netdev) == event->ifindex)
		return event->gone || !same_name ||
		       (netdev_kind(netdev) == NETDEV_NETLINK && netdev_alive(netdev) != 1);
	if (event->gone)
		return same_name && interface->refused;
	return same_name || event->aliases;
}

static bool concerns(const struct host *host, const struct link_event *event)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		const struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (concerns_interface(&chain->interfaces[j], event))
				return true;
		}
	}
	return false;
}

/* What is deleted and what has moved look the same from here, later. */
static void note_move(const struct host *host, const struct link_event *event)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		const struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			const struct netdev *netdev = chain->interfaces[j].netdev;

			if (netdev && netdev_ifindex(netdev) == event->ifindex)
				chain->interfaces[j].moved = true;
		}
	}
}

static void on_event(const struct link_event *event, void *data)
{
	struct host *host = data;

	if (event->moved)
		note_move(host, event);
	/* A transaction that runs may have looked before this happened, and will know other interfaces when
	 * it is done. */
	if (!host->transaction && !concerns(host, event))
		return;
	host->dataplane.reports++;
	if (!host->links_wanted) /* what is attached through netlink can be taken off so, and is put back
				    below */
		lookout_look(host);
	links_look(host);
}

static int read_reports(struct host *host)
{
	int r = linkwatch_read(host->links, on_event, host);

	if (r == -ENOBUFS) {
		log_debug("reports about interfaces were lost; looking at all of them");
		host->dataplane.reports++;
		links_look(host);
	}
	return r;
}

void links_catch_up(struct host *host)
{
	if (read_reports(host) != 0) /* there are more, or will be no more */
		host->dataplane.reports++;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct host *host = data;
	int r = read_reports(host);

	if (r < 0 && r != -ENOBUFS) {
		log_error("cannot watch the interfaces any more: %s; \"xslotctl reload\" looks at them",
			strerror(-r));
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	return 0;
}

int links_open(struct host *host, struct xslot_diag *diag)
{
	int r = linkwatch_open(&host->links, diag);

	if (r < 0)
		return r;
	host->dataplane.reports++; /* what there is has not been looked at */
	r = sd_event_add_io(
		host->event, &host->links_source, linkwatch_fd(host->links), EPOLLIN, on_readable, host);
	return r < 0 ? fail(diag, r, "cannot watch the interfaces: %s", strerror(-r)) : 0;
}

void links_close(struct host *host)
{
	sd_event_source_disable_unref(host->links_timer);
	sd_event_source_disable_unref(host->links_source);
	linkwatch_close(host->links);
}
