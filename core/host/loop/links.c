/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An interface that is configured by name has the program while it has the name. A report of the kernel only
 * means that it is time to look: the task that follows compares the running dataplane with the interfaces
 * that exist by then, as a reload does, but reads no files, since an operator may be in the middle of editing
 * them. So any number of reports becomes one task, losing some of them does not matter, and a task that was
 * not needed changes nothing.
 *
 * Without a report there is nothing to look at: dataplane.reports counts how often there was one, so that a
 * transaction can tell. A transaction begins with reading the kernel's reports: the kernel sends a report
 * before the command that caused it ends, so a reload after an `ip link` always sees its effect.
 */
#include "host/loop/links.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/netdev/linkwatch.h"
#include "util/log.h"

/* Seconds: a shortage passes at some time, and an error a minute fills no log. */
#define RETRY_MIN 2
#define RETRY_MAX 60

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct links *links = owner;

	links->wanted = false;
	reload_interfaces(links->reload);
}

const struct task_kind links_kind = { .name = "interfaces", .begin = begin };

void links_look(struct links *links)
{
	if (links->wanted)
		return;
	links->wanted = true;
	queue_add(&links->loop->queue, task_new(&links_kind, links, NULL));
}

static int on_time(sd_event_source *source, uint64_t usec, void *data) ON_LOOP
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

void links_settle(struct links *links, bool unknown)
{
	unsigned after = links->retry ? 2 * links->retry : RETRY_MIN;
	int r;

	links->timer = sd_event_source_disable_unref(links->timer);
	if (!unknown && !is_wanting(&links->loop->dataplane)) {
		links->retry = 0;
		return;
	}
	links->retry = after > RETRY_MAX ? RETRY_MAX : after;
	log_info("looking at the interfaces again in %u seconds", links->retry);
	r = sd_event_add_time_relative(links->loop->event, &links->timer, CLOCK_MONOTONIC,
		links->retry * 1000000ULL, 0, on_time, links);
	if (r < 0)
		log_error(
			"cannot set a timer to look at the interfaces again: %s; \"xslotctl reload\" looks at them",
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

static bool concerns(const struct dataplane *dataplane, const struct link_event *event)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (concerns_interface(&chain->interfaces[j], event))
				return true;
		}
	}
	return false;
}

/* What is deleted and what has moved look the same from here, later. */
static void note_move(const struct dataplane *dataplane, const struct link_event *event)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			const struct netdev *netdev = chain->interfaces[j].netdev;

			if (netdev && netdev_ifindex(netdev) == event->ifindex)
				chain->interfaces[j].moved = true;
		}
	}
}

static void on_event(const struct link_event *event, void *data) ON_LOOP
{
	struct links *links = data;
	struct dataplane *dataplane = &links->loop->dataplane;

	if (event->moved)
		note_move(dataplane, event);
	/* A transaction that runs may have looked before this happened, and will know other interfaces when
	 * it is done. */
	if (!links->reload->transaction && !concerns(dataplane, event))
		return;
	dataplane->reports++;
	if (!links->wanted)
		links->concerned(links->data);
	links_look(links);
}

static int read_reports(struct links *links) ON_LOOP
{
	int r = linkwatch_read(links->watch, on_event, links);

	if (r == -ENOBUFS) {
		log_debug("reports about interfaces were lost; looking at all of them");
		links->loop->dataplane.reports++;
		links_look(links);
	}
	return r;
}

void links_catch_up(struct links *links)
{
	if (read_reports(links) != 0) /* there are more, or will be no more */
		links->loop->dataplane.reports++;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *data) ON_LOOP
{
	struct links *links = data;
	int r = read_reports(links);

	if (r < 0 && r != -ENOBUFS) {
		log_error("cannot watch the interfaces any more: %s; \"xslotctl reload\" looks at them",
			strerror(-r));
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	return 0;
}

int links_open(struct links *links, struct xslot_diag *diag)
{
	int r = linkwatch_open(&links->watch, diag);

	if (r < 0)
		return r;
	links->loop->dataplane.reports++; /* what there is has not been looked at */
	r = sd_event_add_io(
		links->loop->event, &links->source, linkwatch_fd(links->watch), EPOLLIN, on_readable, links);
	return r < 0 ? fail(diag, r, "cannot watch the interfaces: %s", strerror(-r)) : 0;
}

void links_close(struct links *links)
{
	sd_event_source_disable_unref(links->timer);
	sd_event_source_disable_unref(links->source);
	linkwatch_close(links->watch);
}
