/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Plugins never see the host's structures: a context points to a table of functions, and each checks whether
 * the running callback may call it. The worker holds the lock for the duration of a callback (a large rules
 * file: seconds), so the loop only ever tries to take it: the status of some seconds ago, or a watch that is
 * called a little later, is better than a loop that stands still.
 */
#include "host/plugin/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/map.h>

#include "host/plugin/callback.h"
#include "host/plugin/context_private.h"
#include "host/services/drain.h"
#include "host/services/watch.h"
#include "host/services/where.h"
#include "kernel/instance/sums.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"

#define LOG_LINES_MAX 100
#define LOG_PERIOD_US 10000000

/* A plugin's own mistake: told, and refused where that can be, but never a NULL that it does not expect. */
static const struct xslot_value *host_value(struct xslot_context *plugin, const char *param)
{
	static const struct xslot_value none = { .type = XSLOT_NONE, .value_size = sizeof(none) };
	struct context *context = context_of(plugin);
	const struct xslot_value *value = params_get(context->params, param);

	if (value)
		return value;
	if (context->misnamed)
		return &none;
	context->misnamed = true;
	if (context->report)
		report_add(context->report, params_place(context->params, "", 0).file,
			params_place(context->params, "", 0).line,
			"plugin %s asks for parameter %s, which is not in its own table",
			context->descriptor->name, param);
	else
		log_error("%s: plugin %s asks for parameter %s, which is not in its own table", plugin->slot,
			context->descriptor->name, param);
	return &none;
}

/*
 * Packets, through watches, and everyone who asks for the status can make a plugin log. What it says about
 * its parameters is a reload's, and has its own bound.
 */
static void say(struct context *context, enum log_level level, const char *text)
{
	const struct log_about about = { .place = context->plugin.slot };
	unsigned left_out;

	if (level > log_get_level())
		return;
	context->rate.most = LOG_LINES_MAX;
	context->rate.period_us = LOG_PERIOD_US;
	if (!rate_admits(&context->rate, clock_us(CLOCK_MONOTONIC), &left_out))
		return;
	if (left_out)
		log_write_about(LOG_LEVEL_WARNING, &about,
			"%s: %u more line%s of the plugin %s left out of the log: at most %d in %d s are written",
			about.place, left_out, left_out == 1 ? "" : "s", left_out == 1 ? "was" : "were",
			LOG_LINES_MAX, LOG_PERIOD_US / 1000000);
	log_write_about(level, &about, "%s: %s", about.place, text);
}

static int host_error(
	struct xslot_context *plugin, const char *param, unsigned line, const char *format, va_list args)
{
	struct context *context = context_of(plugin);
	struct config_place place = params_place(context->params, param, line);
	CLEANUP(free) char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return -ENOMEM;
	if (context->report)
		return report_add(context->report, place.file, place.line, "%s", text);
	say(context, LOG_LEVEL_ERROR, text);
	return -EINVAL;
}

static void host_log(struct xslot_context *plugin, int priority, const char *format, va_list args)
{
	CLEANUP(free) char *text = NULL;

	if (vasprintf(&text, format, args) >= 0)
		say(context_of(plugin), log_level_of(priority), text);
}

static bool is_state(const struct instance *instance, const char *name)
{
	const struct instance_map *maps;
	size_t n = instance_maps(instance, &maps);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(maps[i].name, name) == 0)
			return maps[i].class == MAP_STATE;
	}
	return false;
}

/* A plugin's call that the host refuses. In a change that is one of its errors, as ABI 1 did not know it. */
static void tell_mistake(struct context *context, const struct xslot_diag *diag)
{
	struct config_place place = params_place(context->params, "", 0);

	if (context->report && context->descriptor->abi > 1)
		report_add(context->report, place.file, place.line, "plugin %s: %s",
			context->descriptor->name, diag->message);
	else
		log_error(
			"%s: plugin %s: %s", context->plugin.slot, context->descriptor->name, diag->message);
}

static int host_map_fd(struct xslot_context *plugin, const char *map)
{
	struct context *context = context_of(plugin);

	if (!context->instance)
		return -ENOENT;
	/* A state map may be the running instance's: what start wrote there would survive a rollback. */
	if (context->phase == CONTEXT_START && is_state(context->instance, map))
		return -EACCES;
	return context_open_map(context, context->instance, map);
}

/* A map's number of entries must be known before it is made: check is the last callback before that. */
static int host_map_entries(struct xslot_context *plugin, const char *map, uint32_t entries)
{
	struct context *context = context_of(plugin);
	struct instance_size *sizes;
	char *name;

	if (context->phase != CONTEXT_CHECK)
		return -EBUSY;
	if (!entries)
		return -EINVAL;
	for (size_t i = 0; i < context->n_sizes; i++) {
		if (strcmp(context->sizes[i].map, map) == 0) {
			context->sizes[i].entries = entries;
			return 0;
		}
	}
	sizes = reallocarray(context->sizes, context->n_sizes + 1, sizeof(*sizes));
	if (sizes)
		context->sizes = sizes;
	name = sizes ? strdup(map) : NULL;
	if (!name)
		return -ENOMEM;
	sizes[context->n_sizes++] = (struct instance_size){ .map = name, .entries = entries };
	return 0;
}

static int host_map_info(
	struct xslot_context *plugin, const char *map, bool old, struct xslot_map_info *ret_info)
{
	const struct context *context = context_of(plugin);
	const struct instance *instance = old ? context->old : context->instance;

	return instance ? instance_map_info(instance, map, ret_info) : -ENOENT;
}

static int host_map_add(
	struct xslot_context *plugin, const char *map, const void *key, const uint64_t *numbers)
{
	struct context *context = context_of(plugin);
	struct xslot_diag diag = {};
	int r;

	if (context->phase != CONTEXT_MIGRATE && context->phase != CONTEXT_SETTLE)
		return -EBUSY;
	r = instance_map_add(context->instance, map, key, numbers, &diag);
	if (r < 0 && diag.message[0])
		context_tell_unopened(context, map, &diag);
	xslot_diag_clear(&diag);
	return r;
}

static int host_old_map_fd(struct xslot_context *plugin, const char *map)
{
	struct context *context = context_of(plugin);

	return context->old ? context_open_map(context, context->old, map) : -ENOENT;
}

static enum watch_call call_watch(struct xslot_context *plugin, struct context_watch *watch)
{
	struct context *context = context_of(plugin);
	struct callback callback = context_callback(context, "watch", QUARANTINE_WATCH);
	enum watch_call result;

	if (quarantine_silences(callback.content, callback.way))
		return WATCH_SILENCED;
	if (!callback_try_begin(&callback))
		return WATCH_BUSY;
	context->phase = CONTEXT_WATCH;
	result = watch_run(watch);
	callback_end();
	return result;
}

static bool is_on_loop(const struct context *context)
{
	return context->phase == CONTEXT_STATUS || context->phase == CONTEXT_WATCH;
}

/* On the loop, and in callbacks behind which the loop activates what was added. */
static bool may_watch(const struct context *context)
{
	return is_on_loop(context) || context->phase == CONTEXT_START || context->phase == CONTEXT_RESUME ||
	       context->phase == CONTEXT_LIVE;
}

static int add_watch(struct context *context, const struct watch_of *of, struct xslot_diag *diag)
{
	int r;

	if (!may_watch(context))
		return fail(diag, -EBUSY,
			"cannot add a watch now: that can be done in start, live, resume, status and watches");
	r = watch_add(&context->watches, &context->plugin, call_watch, of, diag);
	if (r < 0 || !is_on_loop(context) || !context->event)
		return r;
	r = watch_activate(&context->watches, context->event);
	return r < 0 ? fail(diag, r, "cannot add a watch: %s", strerror(-r)) : 0;
}

static int host_watch(struct xslot_context *plugin, const struct watch_of *of)
{
	struct context *context = context_of(plugin);
	struct xslot_diag diag = {};
	int r = add_watch(context, of, &diag);

	if (diag.message[0])
		tell_mistake(context, &diag);
	xslot_diag_clear(&diag);
	return r;
}

static int host_watch_fd(struct xslot_context *plugin, int fd, uint32_t events, xslot_watch_fn fn, void *data)
{
	const struct watch_of of = { .fd = fd, .events = events, .fn = fn, .data = data };

	return host_watch(plugin, &of);
}

static int host_watch_timer(struct xslot_context *plugin, uint64_t period_ns, xslot_watch_fn fn, void *data)
{
	const struct watch_of of = { .timer = true, .ns = period_ns, .fn = fn, .data = data };

	return host_watch(plugin, &of);
}

static int host_watch_once(struct xslot_context *plugin, uint64_t after_ns, xslot_watch_fn fn, void *data)
{
	const struct watch_of of = { .timer = true, .ns = after_ns, .once = true, .fn = fn, .data = data };

	return host_watch(plugin, &of);
}

static int host_unwatch(struct xslot_context *plugin, xslot_watch_fn fn, void *data)
{
	struct context *context = context_of(plugin);

	return may_watch(context) ? watch_cancel(context->watches, fn, data, is_on_loop(context)) : -EBUSY;
}

static int host_chain(struct xslot_context *plugin, struct xslot_chain_info *ret_info, size_t size)
{
	return where_chain(&context_of(plugin)->where, ret_info, size);
}

static int host_interface(struct xslot_context *plugin, unsigned index, char *ret_name, size_t size)
{
	return where_interface(&context_of(plugin)->where, index, ret_name, size);
}

static int host_sum(
	struct xslot_context *plugin, const char *map, const void *key, uint64_t *ret_sums, size_t n)
{
	int fd = host_map_fd(plugin, map);

	return fd < 0 ? fd : sums_read(fd, key, ret_sums, n);
}

static const struct xslot_host host_functions = {
	.size = sizeof(struct xslot_host),
	.value = host_value,
	.error = host_error,
	.log = host_log,
	.map_fd = host_map_fd,
	.old_map_fd = host_old_map_fd,
	.status = context_host_status,
	.watch_fd = host_watch_fd,
	.watch_timer = host_watch_timer,
	.chain = host_chain,
	.interface = host_interface,
	.sum = host_sum,
	.map_entries = host_map_entries,
	.map_info = host_map_info,
	.map_add = host_map_add,
	.watch_once = host_watch_once,
	.unwatch = host_unwatch,
	.number = context_host_number,
};

void context_init(struct context *context, const char *slot, const struct descriptor *descriptor,
	const struct digest *content, const struct params *params)
{
	*context = (struct context){
		.plugin = { .host = &host_functions, .slot = slot, .size = sizeof(struct xslot_context) },
		.descriptor = descriptor,
		.content = content,
		.params = params,
	};
}

void context_set_chain(struct context *context, const struct config_chain *chain)
{
	where_set(&context->where, chain);
}

static void stop(struct context *context) ON_WORKER
{
	struct callback callback = context_callback(context, "stop", QUARANTINE_END);

	callback_begin(&callback);
	context->phase = CONTEXT_STOP;
	context->descriptor->stop(&context->plugin);
	callback_end();
}

void context_deinit(struct context *context)
{
	watch_free_all(&context->watches);
	for (size_t i = 0; i < context->n_sizes; i++)
		free((char *)context->sizes[i].map);
	free(TAKE_PTR(context->sizes));
	context->n_sizes = 0;
	if (context->begun && context->descriptor->stop)
		stop(context);
	status_said_clear(&context->last);
	drain_end(&context->drain);
	where_free(context->where);
	context->where = NULL;
}

/* Run `fn` with the lock held; a failure without words gets some. */
static int run(struct context *context, enum context_phase phase, int (*fn)(struct xslot_context *),
	const char *what, struct report *report) ON_WORKER
{
	struct callback callback = context_callback(
		context, what, phase == CONTEXT_COMMAND ? QUARANTINE_COMMAND : QUARANTINE_CHANGE);
	size_t n_errors = report->n_errors;
	int r;

	context->begun = true;
	if (!fn)
		return 0;
	callback_begin(&callback);
	context->phase = phase;
	context->report = report;
	r = fn(&context->plugin);
	if (context->instance)
		instance_map_add_end(context->instance);
	context->report = NULL;
	callback_end();
	if (r < 0 && report->n_errors == n_errors) {
		struct config_place place = params_place(context->params, "", 0);

		report_add(report, place.file, place.line, "plugin %s: %s failed: %s",
			context->descriptor->name, what, strerror(-r));
	}
	return report->n_errors > n_errors ? -EINVAL : 0;
}

int context_check(struct context *context, struct report *report)
{
	return run(context, CONTEXT_CHECK, context->descriptor->check, "check", report);
}

int context_start(struct context *context, const struct instance *instance, struct report *report)
{
	context->instance = instance;
	return run(context, CONTEXT_START, context->descriptor->start, "start", report);
}

int context_take_up(struct context *context, const struct instance *instance, struct report *report)
{
	int r = context_check(context, report);

	if (r < 0)
		return r;
	context->instance = instance;
	return run(context, CONTEXT_RESUME, context->descriptor->resume, "resume", report);
}

static int call_migrate(struct xslot_context *plugin)
{
	return context_of(plugin)->descriptor->migrate(plugin, context_of(plugin)->old_version);
}

static int call_settle(struct xslot_context *plugin)
{
	return context_of(plugin)->descriptor->settle(plugin, context_of(plugin)->old_version);
}

int context_migrate(
	struct context *context, const struct instance *old, uint32_t old_version, struct report *report)
{
	int r;

	context->old_version = old_version;
	context->old = old;
	r = run(context, CONTEXT_MIGRATE, context->descriptor->migrate ? call_migrate : NULL, "migrate",
		report);
	context->old = NULL;
	return r;
}

/* As run(), where there is nothing to return to. */
static int run_live(struct context *context, enum context_phase phase, int (*fn)(struct xslot_context *),
	const char *what) ON_WORKER
{
	struct report report = {};
	int r = run(context, phase, fn, what, &report);

	for (size_t i = 0; i < report.n_kept; i++)
		log_error("%s: %s", context->plugin.slot, report.errors[i].message);
	report_clear(&report);
	return r;
}

int context_settle(struct context *context, const struct instance *old, uint32_t old_version)
{
	int r;

	context->old_version = old_version;
	context->old = old;
	r = run_live(context, CONTEXT_SETTLE, context->descriptor->settle ? call_settle : NULL, "settle");
	context->old = NULL;
	return r;
}

int context_live(struct context *context)
{
	return run_live(context, CONTEXT_LIVE, context->descriptor->live, "live");
}

static int call_command(struct xslot_context *plugin)
{
	struct context *context = context_of(plugin);
	const struct context_command *command = context->command;
	int r;

	context->out_of_memory = false;
	context->status = command->ret_said;
	r = context->descriptor->run[command->index](plugin, command->arguments, command->n);
	context->status = NULL;
	return r == 0 && context->out_of_memory ? -ENOMEM : r;
}

int context_command(struct context *context, const struct context_command *command, struct report *report)
{
	int r;

	context->command = command;
	r = run(context, CONTEXT_COMMAND, call_command, "command", report);
	context->command = NULL;
	return r;
}

int context_activate(struct context *context, sd_event *event)
{
	context->event = event;
	drain_activate(&context->drain, &context->plugin, context->instance, event);
	return watch_activate(&context->watches, event);
}

void context_deactivate(struct context *context)
{
	drain_deactivate(context->drain);
	watch_deactivate(context->watches);
	context->event = NULL;
}

void context_resume(struct context *context)
{
	watch_resume(context->watches);
}
