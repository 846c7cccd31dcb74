/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a plugin says in its status is kept until it says it again: when another callback has the lock, the
 * loop does not wait, and operators get the values of the last time, with their age.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/plugin/callback.h"
#include "host/plugin/context.h"
#include "host/plugin/context_private.h"
#include "host/services/said.h"
#include "kernel/instance/sums.h"
#include "util/clock.h"
#include "util/log.h"

struct callback context_callback(const struct context *context, const char *name, enum quarantine_way way)
{
	return (struct callback){
		.slot = context->plugin.slot,
		.plugin = context->descriptor->name,
		.name = name,
		.content = context->content,
		.way = way,
	};
}

/* Said once in the log, and in this status. */
static void tell_unsaid(struct context *context, int r, struct xslot_diag *diag)
{
	if (r == -ENOMEM) {
		context->out_of_memory = true;
	} else if (r < 0) {
		log_write(context->unsaid ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "%s: plugin %s: %s",
			context->plugin.slot, context->descriptor->name, diag->message);
		context->unsaid = true;
	}
	xslot_diag_clear(diag);
}

void context_say(struct context *context, const char *key, char *value)
{
	struct xslot_diag diag = {};

	tell_unsaid(context, said_text(context->status, key, value, &diag), &diag);
}

void context_host_status(struct xslot_context *plugin, const char *key, const char *format, va_list args)
{
	struct context *context = context_of(plugin);
	char *value;

	if (!context->status)
		return;
	if (vasprintf(&value, format, args) < 0)
		value = NULL;
	context_say(context, key, value);
}

int context_host_number(struct xslot_context *plugin, const struct xslot_number *number, size_t size)
{
	struct context *context = context_of(plugin);
	struct xslot_diag diag = {};
	int r;

	if (!context->status)
		return -EBUSY;
	r = said_number(context->status, number, size, &diag);
	tell_unsaid(context, r, &diag);
	return r;
}

/* Status and watches come again and again: said once in the log, and in each status. */
void context_tell_unopened(struct context *context, const char *map, struct xslot_diag *diag)
{
	struct config_place place = params_place(context->params, "", 0);

	if (context->report) {
		report_take(context->report, place.file, place.line, diag);
		return;
	}
	log_write(context->unopened ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "%s: map %s: %s",
		context->plugin.slot, map, diag->message);
	context->unopened = true;
	if (context->status)
		context_say(context, "error", strdup(diag->message));
}

int context_open_map(struct context *context, const struct instance *instance, const char *map)
{
	struct xslot_diag diag = {};
	int r = instance_map_fd(instance, map, &diag);

	if (r < 0 && diag.message[0])
		context_tell_unopened(context, map, &diag);
	xslot_diag_clear(&diag);
	return r;
}

/* Named counters show themselves. */
static void count(struct context *context, const struct instance_map *map)
{
	char row[MARKS_NAME];
	int fd = context_open_map(context, context->instance, map->name);

	for (uint32_t i = 0; fd >= 0 && i < map->marks->n_rows; i++) {
		struct xslot_diag diag = {};
		uint64_t sum;

		if (sums_read(fd, &i, &sum, 1) < 0)
			continue;
		marks_row(map->marks, i, row);
		tell_unsaid(context, said_row(context->status, map->name, row, sum, &diag), &diag);
	}
}

static size_t list_counters(const struct context *context, const struct instance_map **ret_maps)
{
	size_t n = context->instance ? instance_maps(context->instance, ret_maps) : 0, n_named = 0;

	for (size_t i = 0; i < n; i++)
		n_named += (*ret_maps)[i].marks->n_rows > 0;
	return n_named ? n : 0;
}

/* With the lock. What was said the last time stays when there is no memory for this. */
static int ask(struct context *context, bool call)
{
	const struct instance_map *maps;
	struct status_said said = {};
	size_t n = list_counters(context, &maps);

	context->out_of_memory = false;
	context->phase = CONTEXT_STATUS;
	context->status = &said;
	for (size_t i = 0; i < n; i++)
		count(context, &maps[i]);
	if (call)
		context->descriptor->status(&context->plugin);
	context->status = NULL;
	if (context->out_of_memory) {
		status_said_clear(&said);
		return -ENOMEM;
	}
	status_said_clear(&context->last);
	context->last = said;
	context->asked_us = clock_us(CLOCK_BOOTTIME);
	return 0;
}

/* Of what was said the last time, in seconds; at least 1: it is not of now. */
static int64_t age_of(const struct context *context)
{
	return (int64_t)((clock_us(CLOCK_BOOTTIME) - context->asked_us) / 1000000) + 1;
}

int context_status(struct context *context, struct status_slot *ret_status)
{
	struct callback callback = context_callback(context, "status", QUARANTINE_STATUS);
	bool call = context->descriptor->status && !quarantine_silences(callback.content, callback.way),
	     asked;
	const struct instance_map *maps;
	int r = 0;

	ret_status->status_age = -1;
	if (!call && !list_counters(context, &maps))
		return 0;
	asked = callback_try_begin(&callback);
	if (asked) {
		r = ask(context, call);
		callback_end();
	}
	if (r < 0 || !context->asked_us)
		return r;
	r = status_said_copy(&context->last, &ret_status->said);
	if (r == 0)
		ret_status->status_age = asked ? 0 : age_of(context);
	return r;
}
