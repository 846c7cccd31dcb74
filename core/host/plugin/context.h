/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin's view of the host: the struct xslot_context of one instance. Callbacks of all plugins share one
 * lock, so that no two run at the same time; the loop never waits for it.
 */
#ifndef HOST_PLUGIN_CONTEXT_H
#define HOST_PLUGIN_CONTEXT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "config/param.h"
#include "control/status.h"
#include "host/plugin/rate.h"
#include "kernel/instance/instance.h"
#include "module/descriptor.h"
#include "util/diag.h"
#include "util/digest.h"
#include "util/thread_role.h"

enum context_phase {
	CONTEXT_CHECK,
	CONTEXT_START,
	CONTEXT_RESUME,
	CONTEXT_MIGRATE,
	CONTEXT_SETTLE,
	CONTEXT_LIVE,
	CONTEXT_STATUS,
	CONTEXT_WATCH,
	CONTEXT_COMMAND,
	CONTEXT_STOP
};

/* One call of a command. */
struct context_command {
	size_t index; /* in the descriptor's table */
	const struct xslot_value *arguments;
	size_t n;
	struct status_said *ret_said; /* empty; what it answers, also when it fails */
};

struct context_watch;
struct drain;
struct where;

struct context {
	struct xslot_context plugin; /* first: callbacks get a pointer to it */
	const struct descriptor *descriptor;
	const struct digest *content;	 /* of the plugin's file; NULL as params */
	const struct params *params;	 /* NULL: nothing is called, see occupant_adopt() */
	const struct instance *instance; /* NULL during check */
	const struct instance *old;	 /* during migrate and settle */
	uint32_t old_version;
	const struct context_command *command; /* during one */
	enum context_phase phase;
	struct report *report;	    /* where xslot_error() goes in check, start, migrate; NULL: the log */
	struct status_said *status; /* where xslot_status() goes */
	bool out_of_memory;	    /* it went nowhere */
	struct status_said last;    /* what it said the last time … */
	uint64_t asked_us;	    /* … when, of CLOCK_BOOTTIME; 0: never */
	struct context_watch *watches;
	struct instance_size *sizes; /* that check gave to maps; names are ours */
	size_t n_sizes;
	sd_event *event;     /* the loop's, while watches are active */
	struct drain *drain; /* its program's messages */
	struct where *where; /* its chain */
	bool begun;	     /* a callback was run: stop is due */
	bool misnamed;	     /* it asked for a parameter that there is not, which was told */
	struct rate rate;    /* of its log lines */
	bool unsaid;	     /* its status said what cannot be shown, which was told */
	bool unopened;	     /* it asked for a map that could not be opened, which was told */
};

/* `slot`, `params`, `descriptor` and `content` must outlive the context. */
void context_init(struct context *context, const char *slot, const struct descriptor *descriptor,
	const struct digest *content, const struct params *params);
/* Which chain its slot belongs to, for the plugin to ask: before its first callback, and when it changes. */
void context_set_chain(struct context *context, const struct config_chain *chain);
/* Runs the plugin's stop when anything was run before. Watches must be inactive. */
void context_deinit(struct context *context) ON_WORKER;

/*
 * Run one callback; 0 when the plugin has none. A failure of check, start and migrate is in `report`, with
 * the plugin's own words or, when it gave none, with ours.
 */
int context_check(struct context *context, struct report *report) ON_WORKER;
int context_start(struct context *context, const struct instance *instance, struct report *report) ON_WORKER;
int context_migrate(struct context *context, const struct instance *old, uint32_t old_version,
	struct report *report) ON_WORKER;
/* The host restarted under a live instance: check, then the plugin's resume. */
int context_take_up(struct context *context, const struct instance *instance, struct report *report)
	ON_WORKER;
/* What is wrong with these two is in the log: there is nothing to return to. */
int context_settle(struct context *context, const struct instance *old, uint32_t old_version) ON_WORKER;
/* Then context_activate(): it may add watches. */
int context_live(struct context *context) ON_WORKER;

int context_command(struct context *context, const struct context_command *command, struct report *report)
	ON_WORKER;

/*
 * Loop: fill in what the plugin says and its age: what it said the last time when a callback is running right
 * now, nothing when status is silenced. 0 or -ENOMEM.
 */
int context_status(struct context *context, struct status_slot *ret_status) ON_LOOP;

/* Loop: begin and end the watches that start asked for; go on with those that met a busy lock. */
int context_activate(struct context *context, sd_event *event) ON_LOOP;
void context_deactivate(struct context *context) ON_LOOP;
void context_resume(struct context *context) ON_LOOP;

#endif
