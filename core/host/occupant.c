/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An instance may live through many reloads, and move between positions of its chain; it is one program and
 * one set of maps all the time. So it owns everything that it was made from, the configuration's text
 * included.
 */
#include "host/occupant.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/log.h"

DEFINE_CLEANUP(struct occupant *, occupant_unref);

int occupant_new(struct setup *setup, const struct setup_slot *slot, struct occupant **ret_occupant)
{
	CLEANUP(occupant_unref) struct occupant *occupant = calloc(1, sizeof(*occupant));

	if (!occupant)
		return -ENOMEM;
	occupant->refs = 1;
	occupant->setup = setup_ref(setup);
	occupant->slot = slot;
	occupant->plugin = module_plugin(slot->module);
	occupant->name = strdup(slot->name);
	if (!occupant->name)
		return -ENOMEM;
	context_init(&occupant->context, occupant->name, occupant->plugin, slot->params);
	*ret_occupant = TAKE_PTR(occupant);
	return 0;
}

struct occupant *occupant_ref(struct occupant *occupant)
{
	occupant->refs++;
	return occupant;
}

void occupant_unref(struct occupant *occupant)
{
	if (!occupant || --occupant->refs > 0)
		return;
	if (occupant->plugin)
		context_deinit(&occupant->context);
	instance_free(occupant->instance);
	setup_unref(occupant->setup);
	free(occupant->name);
	free(occupant);
}

void occupant_rename(struct occupant *occupant, const char *name)
{
	char *copy = strcmp(occupant->name, name) == 0 ? NULL : strdup(name);

	if (!copy)
		return;
	free(occupant->name);
	occupant->name = copy;
	occupant->context.plugin.slot = copy;
}

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool occupant_is(const struct occupant *occupant, const struct setup_slot *slot)
{
	const struct setup_slot *mine = occupant->slot;

	return mine->module == slot->module && text_equal(mine->config->program, slot->config->program) &&
	       blob_equal(mine->object, slot->object) && params_equal(mine->params, slot->params);
}

/* The parameters as kernel/ wants them: those that callbacks may take need not name a variable. */
static size_t list_params(const struct occupant *occupant, struct instance_param ret_params[XSLOT_MAX_PARAMS])
{
	const struct params *params = occupant->slot->params;
	bool callbacks = occupant->plugin->check || occupant->plugin->start;
	size_t n = params_count(params);

	for (size_t i = 0; i < n; i++) {
		const struct xslot_value *value = params_at(params, i);

		ret_params[i] = (struct instance_param){
			.name = params_name(params, i),
			.value = value,
			.optional = callbacks || occupant->plugin->params[i].type == XSLOT_FILE,
		};
	}
	return n;
}

static int report_param(
	const struct occupant *occupant, const char *param, struct xslot_diag *diag, struct report *report)
{
	const struct config_slot *config = occupant->slot->config;
	struct config_place place = config->plugin_place;

	if (param)
		place = params_place(occupant->slot->params, param, 0);
	else if (config->object)
		place = config->object_place;
	return report_take(report, place.file, place.line, diag);
}

int occupant_load(struct occupant *occupant, const struct occupant *previous, bool frags,
	const struct dispatcher *dispatcher, unsigned index, enum bank bank, struct report *report)
{
	const struct setup_slot *slot = occupant->slot;
	struct instance_param params[XSLOT_MAX_PARAMS];
	bool fresh = slot->config->state_fresh || !previous;
	struct xslot_diag diag = {};
	const char *param = NULL;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "plugin %s", occupant->plugin->name);
	struct instance_options options = {
		.name = name,
		.object = slot->object ? slot->object->data : occupant->plugin->bpf,
		.object_size = slot->object ? slot->object->size : occupant->plugin->bpf_size,
		.function = slot->object ? slot->config->program : occupant->plugin->function,
		.frags = frags,
		.params = params,
		.n_params = list_params(occupant, params),
		.previous = fresh ? NULL : previous->instance,
		.same_state_version =
			!fresh && previous->plugin->state_version == occupant->plugin->state_version,
		.plain_maps_are_state = slot->object != NULL,
	};
	r = instance_open(&options, &occupant->instance, &param, &diag);
	if (r == 0)
		r = dispatcher ? instance_load(occupant->instance, dispatcher, index, bank, &diag)
			       : instance_verify_as_xdp(occupant->instance, &diag);
	return r < 0 ? report_param(occupant, param, &diag, report) : 0;
}

int occupant_start(struct occupant *occupant, const struct occupant *previous, struct report *report)
{
	bool migrate = previous && !occupant->slot->config->state_fresh &&
		       instance_needs_migration(occupant->instance);
	int r;

	r = context_start(&occupant->context, occupant->instance, report);
	if (r < 0 || !migrate)
		return r;
	if (!occupant->plugin->migrate) {
		log_warning("%s: the layout of plugin %s's state changed and it brings no migrate: the "
			    "changed maps start fresh",
			occupant->name, occupant->plugin->name);
		return 0;
	}
	r = context_migrate(&occupant->context, previous->instance, previous->plugin->state_version, report);
	if (r == 0)
		instance_set_migrated(occupant->instance);
	return r;
}

uint32_t occupant_default_proceed(const struct occupant *occupant)
{
	uint32_t mask;

	if (!occupant->slot->object)
		return 0;
	mask = instance_run_config(occupant->instance);
	return mask ? mask : 1u << XDP_PASS;
}
