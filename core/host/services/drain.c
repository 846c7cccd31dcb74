/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets decide how many messages there are. So the loop takes a bounded number at a time and, when there
 * were that many, leaves the rest for a moment: the ring buffer fills up, and the program loses what does not
 * fit. A flood costs the host a few thousand records a second, and the log some lines a minute.
 */
#include "host/services/drain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/instance/instance_maps.h"
#include "kernel/messages/messages.h"
#include "util/clock.h"
#include "util/log.h"

#define PAUSE_US 50000

struct drain {
	const struct xslot_context *plugin;
	struct messages *messages;
	sd_event_source *readable, *timer;
};

static void write_line(void *data, int level, const char *line)
{
	const struct drain *drain = data;

	log_write(log_level_of(level), "%s: %s", drain->plugin->slot, line);
}

static int read_some(struct drain *drain)
{
	uint64_t now = clock_us(CLOCK_MONOTONIC);
	bool more = messages_read(drain->messages, now);
	uint64_t due = more ? now + PAUSE_US : messages_due(drain->messages);

	sd_event_source_set_enabled(drain->readable, more ? SD_EVENT_OFF : SD_EVENT_ON);
	if (due)
		sd_event_source_set_time(drain->timer, due);
	return sd_event_source_set_enabled(drain->timer, due ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	read_some(data);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	read_some(data);
	return 0;
}

static int watch(struct drain *drain, int fd, sd_event *event) ON_LOOP
{
	int r = sd_event_add_time(event, &drain->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_timer, drain);

	if (r >= 0)
		r = sd_event_add_io(event, &drain->readable, fd, EPOLLIN, on_readable, drain);
	if (r < 0)
		drain_deactivate(drain);
	return r;
}

/* The map that is marked; NULL: none is. */
static const char *find_map(const struct instance *instance)
{
	const struct instance_map *maps;
	size_t n = instance ? instance_maps(instance, &maps) : 0;

	for (size_t i = 0; i < n; i++)
		if (maps[i].messages)
			return maps[i].name;
	return NULL;
}

void drain_activate(struct drain **drain, const struct xslot_context *plugin, const struct instance *instance,
	sd_event *event)
{
	const char *map = find_map(instance);
	struct xslot_diag diag = {};
	struct drain *made;
	int fd, r;

	if (*drain || !map)
		return;
	made = calloc(1, sizeof(*made));
	fd = instance_map_fd(instance, map, &diag);
	r = !made ? -ENOMEM : fd < 0 ? fd : 0;
	if (made)
		made->plugin = plugin;
	if (r == 0)
		r = messages_open(fd, write_line, made, &made->messages, &diag);
	if (r == 0)
		r = watch(made, fd, event);
	if (r >= 0) {
		*drain = made;
		return;
	}
	log_warning("%s: its program's messages will not be logged: %s", plugin->slot,
		diag.message[0] ? diag.message : strerror(-r));
	xslot_diag_clear(&diag);
	if (made)
		messages_close(made->messages, 0);
	free(made);
}

void drain_deactivate(struct drain *drain)
{
	if (!drain)
		return;
	drain->readable = sd_event_source_disable_unref(drain->readable);
	drain->timer = sd_event_source_disable_unref(drain->timer);
}

void drain_end(struct drain **drain)
{
	if (!*drain)
		return;
	messages_close((*drain)->messages, clock_us(CLOCK_MONOTONIC));
	free(*drain);
	*drain = NULL;
}
