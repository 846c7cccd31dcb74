/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An instance may live through many reloads, and move between positions of its chain; it remains one program
 * and one set of maps. So it owns everything that it was made from, including the configuration's text.
 */
#include "host/chain/occupant.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "host/plugin/inspect.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define SPARE_MAX 64 /* variables that are looked at for a misspelt parameter */

DEFINE_CLEANUP(struct occupant *, occupant_unref);
DEFINE_CLEANUP(struct blob *, blob_free);

static void set_chain(struct occupant *occupant)
{
	const struct setup *setup = occupant->setup;

	for (size_t i = 0; i < setup->n_chains + setup->n_left_out; i++) {
		const struct setup_chain *chain = &setup->chains[i];

		if (occupant->slot >= chain->slots && occupant->slot < chain->slots + chain->n_slots)
			context_set_chain(&occupant->context, chain->config);
	}
}

int occupant_new(struct setup *setup, struct setup_slot *slot, struct occupant **ret_occupant)
{
	CLEANUP(occupant_unref) struct occupant *occupant = calloc(1, sizeof(*occupant));

	if (!occupant)
		return -ENOMEM;
	occupant->refs = 1;
	occupant->setup = setup_ref(setup);
	occupant->slot = slot;
	occupant->plugin = module_plugin(slot->module);
	occupant->identity = *setup_identify(slot);
	occupant->name = strdup(slot->name);
	if (!occupant->name)
		return -ENOMEM;
	context_init(&occupant->context, occupant->name, occupant->plugin, module_digest(slot->module),
		slot->params);
	set_chain(occupant);
	*ret_occupant = TAKE_PTR(occupant);
	return 0;
}

struct occupant *occupant_ref(struct occupant *occupant)
{
	occupant->refs++;
	return occupant;
}

void occupant_stop(struct occupant *occupant)
{
	if (occupant->refs > 1 || !occupant->context.descriptor)
		return;
	context_deinit(&occupant->context);
	occupant->context.descriptor = NULL;
}

void occupant_unref(struct occupant *occupant)
{
	if (!occupant)
		return;
	occupant_stop(occupant);
	if (--occupant->refs > 0)
		return;
	instance_free(occupant->instance);
	setup_unref(occupant->setup);
	if (occupant->remnant)
		free((char *)occupant->remnant->function);
	free(occupant->remnant);
	free(occupant->object);
	free(occupant->name);
	free(occupant);
}

void occupant_move(struct occupant *occupant, const char *name, const struct config_chain *chain)
{
	char *copy = strcmp(occupant->name, name) == 0 ? NULL : memory_copy(name);

	context_set_chain(&occupant->context, chain);
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

	if (slot->runs)
		return slot->runs == occupant;
	return mine && mine->module == slot->module &&
	       text_equal(mine->config->program, slot->config->program) &&
	       blob_equal(mine->object, slot->object) && params_equal(mine->params, slot->params) &&
	       setup_jumps_equal(mine, slot);
}

/*
 * The parameters as kernel/ wants them: those of callbacks need not name a variable. ABI 1 had no mark for
 * them: each might be one where there are callbacks that can ask for it.
 */
static size_t list_params(const struct occupant *occupant, struct instance_param ret_params[XSLOT_MAX_PARAMS])
{
	const struct params *params = occupant->slot->params;
	const struct descriptor *plugin = occupant->plugin;
	bool all = plugin->abi == 1 && (plugin->check || plugin->start);
	size_t n = params_count(params);

	for (size_t i = 0; i < n; i++) {
		const struct xslot_value *value = params_at(params, i);

		ret_params[i] = (struct instance_param){
			.name = params_name(params, i),
			.value = value,
			.optional =
				all || plugin->params[i].callbacks || plugin->params[i].type == XSLOT_FILE,
		};
	}
	return n;
}

static struct instance_jump *list_jumps(const struct setup_slot *slot)
{
	struct instance_jump *jumps = calloc(slot->n_jumps + 1, sizeof(*jumps));

	if (!jumps)
		memory_out();
	for (size_t i = 0; i < slot->n_jumps; i++)
		jumps[i] = setup_jump_options(&slot->jumps[i]);
	return jumps;
}

static int report_param(
	const struct occupant *occupant, const char *param, struct xslot_diag *diag, struct report *report)
{
	const struct config_slot *config = occupant->slot->config;
	struct config_place place = config->plugin_place;
	size_t jump;

	if (occupant->instance && instance_failed_jump(occupant->instance, &jump))
		place = occupant->slot->jumps[jump].config->place;
	else if (param)
		place = params_place(occupant->slot->params, param, 0);
	else if (config->object)
		place = config->object_place;
	return report_take(report, place.file, place.line, diag);
}

/* One whose variable is misspelt would do nothing, where callbacks might take it for all that is known. */
static int check_spelling(const struct instance *instance, const struct instance_options *options,
	const char **ret_param, struct xslot_diag *diag)
{
	const char *spare[SPARE_MAX], *nearest;
	size_t n = instance_spare_variables(instance, options->params, options->n_params, spare, SPARE_MAX);

	for (size_t i = 0; i < options->n_params; i++) {
		const char *name = options->params[i].name;

		if (instance_has_variable(instance, name) || !(nearest = text_nearest(name, spare, n)))
			continue;
		*ret_param = name;
		return fail(diag, -EINVAL,
			"%s: parameter %s: the BPF object has no variable of that name, and its variable %s is set by no parameter: one of the two is misspelt",
			options->name, name, nearest);
	}
	return 0;
}

static int open_and_load(struct occupant *occupant, const struct instance_options *options,
	const struct occupant_place *place, const char **ret_param, struct xslot_diag *diag)
{
	int r;

	r = instance_open(options, &occupant->instance, ret_param, diag);
	if (r < 0)
		return r;
	if (options->foreign)
		occupant->default_proceed = instance_run_config(occupant->instance);
	else
		r = check_spelling(occupant->instance, options, ret_param, diag);
	if (r < 0)
		return r;
	return place->dispatcher
		       ? instance_load(occupant->instance, place->dispatcher, place->index, place->bank, diag)
		       : instance_verify_as_xdp(occupant->instance, diag);
}

int occupant_load(struct occupant *occupant, const struct occupant *previous,
	const struct occupant_place *place, struct report *report)
{
	const struct setup_slot *slot = occupant->slot;
	struct instance_param params[XSLOT_MAX_PARAMS];
	CLEANUP(free) struct instance_jump *jumps = list_jumps(slot);
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
		.frags = place->frags,
		.reasons = place->reasons,
		.params = params,
		.n_params = list_params(occupant, params),
		.previous = fresh ? NULL : previous->instance,
		.same_state_version =
			!fresh && previous->plugin->state_version == occupant->plugin->state_version,
		.foreign = slot->object != NULL,
		.slot = occupant->name,
		.sharers = place->sharers,
		.n_sharers = place->n_sharers,
		.sizes = occupant->context.sizes,
		.n_sizes = occupant->context.n_sizes,
		.jumps = jumps,
		.n_jumps = slot->n_jumps,
	};
	r = open_and_load(occupant, &options, place, &param, &diag);
	if (r < 0 && occupant->instance && instance_wants_entry(occupant->instance)) {
		instance_free(TAKE_PTR(occupant->instance));
		xslot_diag_clear(&diag);
		options.behind_entry = true;
		r = open_and_load(occupant, &options, place, &param, &diag);
	}
	return r < 0 ? report_param(occupant, param, &diag, report) : 0;
}

static void tell_copied(void *data, const char *map, uint64_t copied, uint64_t left_out)
{
	const struct occupant *occupant = data;

	if (left_out)
		log_warning("%s: map %s has another size: %" PRIu64 " entries do not fit, and are left out",
			occupant->name, map, left_out);
	log_debug("%s: map %s has another size: %" PRIu64 " entries copied", occupant->name, map, copied);
}

static int copy_state(struct occupant *occupant, const struct occupant *previous, struct report *report)
{
	const struct instance_listener listener = { tell_copied, occupant };
	struct xslot_diag diag = {};

	if (!previous || instance_copy(occupant->instance, previous->instance, &listener, &diag) == 0)
		return 0;
	return report_param(occupant, NULL, &diag, report);
}

void occupant_settle(struct occupant *occupant, const struct occupant *previous)
{
	const struct instance_listener listener = { tell_copied, occupant };
	struct xslot_diag diag = {};

	if (instance_copy_rest(occupant->instance, previous->instance, &listener, &diag) < 0)
		log_error("%s: %s", occupant->name, diag.message);
	xslot_diag_clear(&diag);
	context_settle(&occupant->context, previous->instance, previous->plugin->state_version);
}

int occupant_start(struct occupant *occupant, const struct occupant *previous, struct report *report)
{
	bool migrate = previous && !occupant->slot->config->state_fresh &&
		       instance_needs_migration(occupant->instance);
	int r;

	r = copy_state(occupant, previous, report);
	if (r < 0)
		return r;
	r = context_start(&occupant->context, occupant->instance, report);
	if (r < 0 || !migrate)
		return r;
	if (!occupant->plugin->migrate) {
		log_warning(
			"%s: the layout of plugin %s's state changed and it brings no migrate: the changed maps start fresh",
			occupant->name, occupant->plugin->name);
		return 0;
	}
	r = context_migrate(&occupant->context, previous->instance, previous->plugin->state_version, report);
	if (r == 0)
		instance_set_migrated(occupant->instance);
	return r;
}

void occupant_object(const struct occupant *occupant, const void **ret_object, size_t *ret_size)
{
	const struct blob *object = occupant->slot ? occupant->slot->object : NULL;

	*ret_object = object ? object->data : occupant->plugin->bpf;
	*ret_size = object ? object->size : occupant->plugin->bpf_size;
}

const char *occupant_function(const struct occupant *occupant)
{
	const struct setup_slot *slot = occupant->slot;
	const char *function = slot && slot->object ? slot->config->program : occupant->plugin->function;

	return function ? function : "";
}

bool occupant_can_resume(const struct setup_slot *slot)
{
	const struct descriptor *plugin = module_plugin(slot->module);

	return plugin->resume || !plugin->start;
}

/* The bytes come from a pin, which may be damaged, or of somebody else's making. */
static int look_at_kept(const struct manifest_slot *record, const char *folder, const void *object,
	size_t size, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	char path[PATH_MAX], function[sizeof(record->function) + 1];
	int r;

	snprintf(path, sizeof(path), "%s/object", folder);
	snprintf(function, sizeof(function), "%.*s", (int)sizeof(record->function), record->function);
	r = blob_copy("xslot-object", object, size, &blob, diag);
	return r < 0 ? r : inspect_object(path, blob, function[0] ? function : NULL, record->is_object, diag);
}

/* What is left of a plugin whose file is gone or has changed: enough to show it, and to take its state over.
 */
static int make_remnant(struct occupant *occupant, const struct manifest_slot *record, const char *folder,
	struct xslot_diag *diag)
{
	struct descriptor *plugin = calloc(1, sizeof(*plugin));
	size_t size;
	int r;

	if (!plugin)
		return fail(diag, -ENOMEM, "out of memory");
	occupant->remnant = plugin;
	occupant->plugin = plugin;
	r = instance_read_object(folder, &occupant->object, &size, diag);
	if (r == 0)
		r = look_at_kept(record, folder, occupant->object, size, diag);
	if (r < 0)
		return r;
	snprintf(plugin->name, sizeof(plugin->name), "%.*s", MANIFEST_TEXT - 1, record->plugin);
	snprintf(plugin->version, sizeof(plugin->version), "%.*s", MANIFEST_TEXT - 1, record->version);
	plugin->state_version = record->state_version;
	plugin->object = record->is_object;
	plugin->bpf = occupant->object;
	plugin->bpf_size = size;
	if (!record->function[0])
		return 0;
	plugin->function = strndup(record->function, sizeof(record->function));
	return plugin->function ? 0 : fail(diag, -ENOMEM, "out of memory");
}

static int adopt_instance(struct occupant *occupant, const char *folder, struct xslot_diag *diag)
{
	const char *function = occupant_function(occupant);
	struct instance_options options = {
		.name = occupant->plugin->name,
		.function = function[0] ? function : NULL,
		.foreign = occupant->plugin->object,
		.behind_entry = instance_is_behind_entry(folder),
	};
	int r;

	occupant_object(occupant, &options.object, &options.object_size);
	r = instance_open(&options, &occupant->instance, NULL, diag);
	return r < 0 ? r : instance_adopt(occupant->instance, folder, diag);
}

int occupant_adopt(struct setup *setup, const struct setup_slot *slot, const struct manifest_slot *record,
	const char *folder, struct occupant **ret_occupant, struct xslot_diag *diag)
{
	CLEANUP(occupant_unref) struct occupant *occupant = calloc(1, sizeof(*occupant));
	int r = 0;

	if (!occupant)
		return fail(diag, -ENOMEM, "out of memory");
	occupant->refs = 1;
	occupant->id = record->instance;
	occupant->identity = record->content;
	occupant->default_proceed = record->default_proceed;
	occupant->since = (time_t)record->since;
	if (slot) {
		occupant->setup = setup_ref(setup);
		occupant->slot = slot;
		occupant->plugin = module_plugin(slot->module);
		occupant->name = strdup(slot->name);
	} else {
		r = make_remnant(occupant, record, folder, diag);
		if (asprintf(&occupant->name, "slot %u", record->number) < 0)
			occupant->name = NULL;
	}
	if (r == 0 && !occupant->name)
		r = fail(diag, -ENOMEM, "out of memory");
	if (r == 0)
		r = adopt_instance(occupant, folder, diag);
	if (r < 0)
		return r;
	context_init(&occupant->context, occupant->name, occupant->plugin,
		slot ? module_digest(slot->module) : NULL, slot ? slot->params : NULL);
	if (slot)
		set_chain(occupant);
	*ret_occupant = TAKE_PTR(occupant);
	return 0;
}
