/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The files' content, resolved: every slot with its module, typed parameters and object file. Worker thread.
 */
#ifndef HOST_PLAN_SETUP_H
#define HOST_PLAN_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/param.h"
#include "kernel/instance/instance.h"
#include "kernel/instance/jump_objects.h"
#include "module/module.h"
#include "util/diag.h"
#include "util/digest.h"
#include "util/files.h"
#include "util/thread_role.h"

/* What one `jump.ARRAY.INDEX =` of the slot leads to. */
struct setup_jump {
	const struct config_jump *config;
	struct blob *object;
	char program[JUMP_PROGRAM_MAX];
};

struct occupant;

struct setup_slot {
	const struct config_slot *config;
	const struct occupant
		*runs; /* this one and no other, wherever it came from; then there is no module */
	struct module *module;
	struct params *params;
	struct xslot_param *table; /* what the object lets be set; NULL: what the plugin does */
	struct blob *object;	   /* the file of `object =`; NULL for other plugins */
	struct setup_jump *jumps;
	size_t n_jumps;
	char *name;		/* "edge.10" */
	struct digest identity; /* see setup_identify() */
	bool identified;
};

struct setup_chain {
	const struct config_chain *config;
	uint32_t version; /* of the dispatcher that it is to have */
	struct setup_slot *slots;
	size_t n_slots;
};

/* Counted: instances made from it refer to its places and parameters. */
struct setup {
	unsigned refs;
	struct config *config;
	struct setup_chain *chains;
	size_t n_chains;
	size_t n_left_out; /* after those: they are there, but not wanted */
};

/*
 * Read everything through `files` (NULL: its own), find and load the modules, parse the parameters.
 * `plugin_path` NULL: the configuration's. All errors go into `report`; then -EINVAL. When all of them are
 * that plugins are quarantined: -EOWNERDEAD, and a setup without their slots.
 */
int setup_load(struct files *files, const char *file, const char *plugin_path, struct modules *modules,
	struct setup **ret_setup, struct report *report) ON_WORKER;
/*
 * Of all that makes the slot's instance what it is, across processes. Made when it is asked for first: a
 * reload asks only for instances that are new, and rules files may be large.
 */
const struct digest *setup_identify(struct setup_slot *slot);
/* The same programs of other files, in the same places? */
bool setup_jumps_equal(const struct setup_slot *a, const struct setup_slot *b);
/* The same for loading. */
struct instance_jump setup_jump_options(const struct setup_jump *jump);
/* Do as if the configuration had no chain of that name, if it has one. */
void setup_leave_out(struct setup *setup, const char *chain);
/* Does any chain have an interface of that name? */
bool setup_wants_interface(const struct setup *setup, const char *name);
struct setup *setup_ref(struct setup *setup);
void setup_unref(struct setup *setup); /* accepts NULL */

#endif
