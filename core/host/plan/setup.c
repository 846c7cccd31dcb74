/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The configuration names files: plugins, objects, rules. All of them are read here, once, before anything is
 * compared or loaded, so that one reading of the disk decides a whole reload, and every error is found at
 * once. If someone wrote to any of them meanwhile, all are read again: a slot in one file and its rules in
 * another belong together.
 */
#include "host/plan/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"
#include "host/plugin/inspect.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/foreign/foreign.h"
#include "kernel/privileges.h"
#include "module/moddir.h"
#include "util/cleanup.h"
#include "util/memory.h"

#define OBJECT_MAX (64u << 20)

DEFINE_CLEANUP(struct setup *, setup_unref);
DEFINE_CLEANUP(struct files *, files_free);

/* What loading needs from its caller, all the way down. */
struct loader {
	const char *plugin_path;
	struct files *files;
	struct modules *modules;
	struct report *report;
};

static int load_module(struct loader *loader, const struct setup_slot *slot, struct module **ret_module)
{
	const struct config_place *place = &slot->config->plugin_place;
	CLEANUP(free) char *path = NULL;
	struct xslot_diag diag = {};
	int r;

	r = moddir_find(loader->files, loader->plugin_path, slot->config->plugin, &path, &diag);
	if (r == 0)
		r = modules_get(loader->modules, loader->files, path, ret_module, &diag);
	if (r < 0) {
		report_take(loader->report, place->file, place->line, &diag);
		return r == -EOWNERDEAD ? r : -EINVAL;
	}
	return 0;
}

static int load_object(struct loader *loader, struct setup_slot *slot)
{
	const struct config_slot *config = slot->config;
	const struct config_place *place = &config->object_place;
	struct xslot_diag diag = {};
	int r;

	if (!module_plugin(slot->module)->object) {
		if (config->object)
			return report_add(loader->report, place->file, place->line,
				"plugin %s brings its own BPF program: \"object\" and \"program\" are for plugin object",
				config->plugin);
		return 0;
	}
	if (!config->object)
		return report_add(loader->report, config->place.file, config->place.line,
			"plugin %s needs \"object = PATH\", the BPF object file to run", config->plugin);
	r = files_read(loader->files, config->object, OBJECT_MAX, &slot->object, &diag);
	if (r == 0)
		r = inspect_object(config->object, slot->object, config->program, true, &diag);
	return r < 0 ? report_take(loader->report, place->file, place->line, &diag) : 0;
}

static int load_jump(
	struct loader *loader, const struct setup_slot *slot, bool frags, struct setup_jump *jump)
{
	const struct config_jump *config = jump->config;
	struct xslot_diag diag = {};
	int r;

	r = files_read(loader->files, config->file, OBJECT_MAX, &jump->object, &diag);
	if (r == 0)
		r = inspect_object(config->file, jump->object, config->program, true, &diag);
	if (r == 0) {
		const struct foreign_source source = {
			.bytes = slot->object->data,
			.size = slot->object->size,
			.function = slot->config->program,
			.frags = frags,
		};
		const struct instance_jump asked = setup_jump_options(jump);

		r = jump_objects_check(&source, &asked, jump->program, &diag);
	}
	if (r == 0)
		return 0;
	fail_within(&diag, r, "jump.%s.%u", config->array, config->index);
	return report_take(loader->report, config->place.file, config->place.line, &diag);
}

/* Programs of other files; of all that are wrong, each is told. */
static int load_jumps(struct loader *loader, struct setup_slot *slot, bool frags)
{
	const struct config_slot *config = slot->config;
	int r = 0;

	slot->jumps = calloc(config->n_jumps + 1, sizeof(*slot->jumps));
	if (!slot->jumps)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_jumps; i++) {
		struct setup_jump *jump = &slot->jumps[slot->n_jumps++];

		jump->config = &config->jumps[i];
		if (load_jump(loader, slot, frags, jump) < 0)
			r = -EINVAL;
	}
	return r;
}

static bool jump_equal(const struct setup_jump *a, const struct setup_jump *b)
{
	return a->config->index == b->config->index && strcmp(a->config->array, b->config->array) == 0 &&
	       strcmp(a->config->file, b->config->file) == 0 && strcmp(a->program, b->program) == 0 &&
	       blob_equal(a->object, b->object);
}

bool setup_jumps_equal(const struct setup_slot *a, const struct setup_slot *b)
{
	bool equal = a->n_jumps == b->n_jumps;

	for (size_t i = 0; equal && i < a->n_jumps; i++)
		equal = jump_equal(&a->jumps[i], &b->jumps[i]);
	return equal;
}

struct instance_jump setup_jump_options(const struct setup_jump *jump)
{
	return (struct instance_jump){
		.array = jump->config->array,
		.index = jump->config->index,
		.file = jump->config->file,
		.object = jump->object->data,
		.size = jump->object->size,
		.program = jump->config->program,
	};
}

/* Rows that bear the name of one of the host's own keys cannot be reached. */
static void drop_hosts_keys(struct xslot_param table[static XSLOT_MAX_PARAMS])
{
	size_t kept = 0;

	for (size_t i = 0; i < XSLOT_MAX_PARAMS && table[i].type != XSLOT_NONE; i++)
		if (!config_slot_owns(table[i].name))
			table[kept++] = table[i];
	if (kept < XSLOT_MAX_PARAMS)
		table[kept].type = XSLOT_NONE;
}

/* What the slot may set: what the plugin's table says, and what the object that it runs has to set. */
static int make_table(struct setup_slot *slot, struct report *report)
{
	const struct config_slot *config = slot->config;
	const char *wanted[XSLOT_MAX_PARAMS];
	struct xslot_diag diag = {};
	size_t n = 0;

	slot->table = calloc(XSLOT_MAX_PARAMS, sizeof(*slot->table));
	if (!slot->table)
		return -ENOMEM;
	memcpy(slot->table, module_plugin(slot->module)->params, XSLOT_MAX_PARAMS * sizeof(*slot->table));
	for (size_t i = 0; i < config->n_params && n < XSLOT_MAX_PARAMS; i++)
		wanted[n++] = config->params[i].name;
	if (foreign_params(slot->object->data, slot->object->size, wanted, n, slot->table, &diag) < 0) {
		fail_within(&diag, -EINVAL, "plugin %s", config->plugin);
		return report_take(report, config->object_place.file, config->object_place.line, &diag);
	}
	drop_hosts_keys(slot->table);
	return 0;
}

static void add_value(FILE *out, const struct xslot_value *value)
{
	struct digest digest;

	fwrite(&value->type, sizeof(value->type), 1, out);
	switch (value->type) {
	case XSLOT_NONE:
		break;
	case XSLOT_BOOL:
		fputc(value->boolean, out);
		break;
	case XSLOT_MAC:
		fwrite(value->mac, sizeof(value->mac), 1, out);
		break;
	case XSLOT_ADDRESS:
	case XSLOT_PREFIX:
		fwrite(&value->prefix, sizeof(value->prefix), 1, out);
		break;
	case XSLOT_STRING:
	case XSLOT_PATH:
		fwrite(value->text, strlen(value->text) + 1, 1, out);
		break;
	case XSLOT_FILE:
		digest = digest_of(value->data, value->size);
		fwrite(value->text, strlen(value->text) + 1, 1, out);
		fwrite(&digest, sizeof(digest), 1, out);
		break;
	default:
		fwrite(&value->number, sizeof(value->number), 1, out);
	}
}

/* The same inputs that occupant_is() compares, as one digest. */
static struct digest identity_of(const struct setup_slot *slot)
{
	CLEANUP(free) char *text = NULL;
	struct digest digest;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	fwrite(module_digest(slot->module), sizeof(digest), 1, out);
	if (slot->object) {
		digest = digest_of(slot->object->data, slot->object->size);
		fwrite(&digest, sizeof(digest), 1, out);
		fputs(slot->config->program ? slot->config->program : "", out);
	}
	for (size_t i = 0; i < slot->n_jumps; i++) {
		const struct setup_jump *jump = &slot->jumps[i];

		digest = digest_of(jump->object->data, jump->object->size);
		fprintf(out, "jump.%s.%u=%s:%s", jump->config->array, jump->config->index, jump->config->file,
			jump->program);
		fwrite(&digest, sizeof(digest), 1, out);
	}
	for (size_t i = 0; i < params_count(slot->params); i++) {
		fputs(params_name(slot->params, i), out);
		add_value(out, params_at(slot->params, i));
	}
	if (fclose(out) != 0)
		memory_out();
	return digest_of(text, size);
}

const struct digest *setup_identify(struct setup_slot *slot)
{
	if (!slot->identified)
		slot->identity = identity_of(slot);
	slot->identified = true;
	return &slot->identity;
}

static int load_slot(struct loader *loader, struct setup_slot *slot, bool frags)
{
	const struct xslot_param *table;
	const struct descriptor *plugin;
	int r;

	r = load_module(loader, slot, &slot->module);
	if (r < 0)
		return r;
	plugin = module_plugin(slot->module);
	r = load_object(loader, slot);
	if (r == 0 && slot->object && make_table(slot, loader->report) < 0)
		r = -EINVAL;
	if (r == 0 && slot->object && load_jumps(loader, slot, frags) < 0)
		r = -EINVAL;
	table = slot->object ? slot->table : plugin->object ? NULL : plugin->params;
	if (table && params_parse(slot->config, table, loader->files, &slot->params, loader->report) < 0)
		r = -EINVAL;
	return r;
}

static void slot_deinit(struct setup_slot *slot)
{
	params_free(slot->params);
	module_unref(slot->module);
	blob_free(slot->object);
	for (size_t i = 0; i < slot->n_jumps; i++)
		blob_free(slot->jumps[i].object);
	free(slot->jumps);
	free(slot->table);
	free(slot->name);
}

/* A quarantined plugin is the least of the errors: with any other there is nothing to go on with. */
static int worse(int a, int b)
{
	if (b == 0 || a == b)
		return a;
	return a == 0 && b == -EOWNERDEAD ? b : -EINVAL;
}

static int load_chain(struct loader *loader, struct setup_chain *chain, const struct config_chain *config)
{
	int result = 0;

	chain->config = config;
	chain->version = layout_made()->version;
	chain->slots = calloc(config->n_slots + 1, sizeof(*chain->slots));
	if (!chain->slots)
		return -ENOMEM;
	if (config->replace && !privileges_administrate())
		result = report_add(loader->report, config->place.file, config->place.line,
			"chain %s has replace = yes, which needs CAP_SYS_ADMIN, to refer to another owner's program, and xslotd has given that up: start it with --keep-capabilities=sys_admin (see xslotd(8))",
			config->name);
	for (size_t i = 0; i < config->n_slots; i++) {
		struct setup_slot *slot = &chain->slots[chain->n_slots];
		int r;

		if (config->slots[i].broken) /* what its plugin misses may be in a line with an error */
			continue;
		chain->n_slots++;
		slot->config = &config->slots[i];
		if (asprintf(&slot->name, "%s.%u", config->name, slot->config->number) < 0)
			return -ENOMEM;
		r = load_slot(loader, slot, config->frags);
		if (r == -EOWNERDEAD) {
			slot_deinit(slot);
			*slot = (struct setup_slot){};
			chain->n_slots--;
		}
		result = worse(result, r);
	}
	return result;
}

/* Once, whatever happens to the files meanwhile. */
static int load_all(struct loader *loader, const char *file, struct setup **ret_setup)
{
	CLEANUP(setup_unref) struct setup *setup = calloc(1, sizeof(*setup));
	const char *plugin_path = loader->plugin_path;
	size_t n_before = loader->report->n_kept;
	int r, result;

	if (!setup)
		return -ENOMEM;
	setup->refs = 1;
	result = config_read(loader->files, file, &setup->config, loader->report);
	if (!setup->config)
		return result;
	setup->chains = calloc(setup->config->n_chains + 1, sizeof(*setup->chains));
	if (!setup->chains)
		return -ENOMEM;
	setup->n_chains = setup->config->n_chains;
	if (!plugin_path)
		loader->plugin_path = setup->config->host.plugin_path;
	for (size_t i = 0; i < setup->n_chains; i++) {
		r = load_chain(loader, &setup->chains[i], &setup->config->chains[i]);
		if (r == -ENOMEM) {
			inspect_end();
			return r;
		}
		result = worse(result, r);
	}
	inspect_end();
	loader->plugin_path = plugin_path;
	config_sort(setup->config, loader->report, n_before);
	if (result == 0 || result == -EOWNERDEAD)
		*ret_setup = TAKE_PTR(setup);
	return result;
}

int setup_load(struct files *given, const char *file, const char *plugin_path, struct modules *modules,
	struct setup **ret_setup, struct report *report)
{
	CLEANUP(files_free) struct files *own = given ? NULL : files_new(NULL);
	CLEANUP(setup_unref) struct setup *setup = NULL;
	struct loader loader = { plugin_path, given ? given : own, modules, report };
	size_t n_before = report->n_errors;
	int r, settled;

	if (!loader.files)
		return -ENOMEM;
	do {
		setup_unref(TAKE_PTR(setup));
		r = load_all(&loader, file, &setup);
		settled = r == -ENOMEM ? 0 : config_settle(loader.files, report, n_before);
	} while (settled == -EAGAIN);
	if (settled < 0)
		return settled;
	if (setup)
		*ret_setup = TAKE_PTR(setup);
	return r;
}

void setup_leave_out(struct setup *setup, const char *chain)
{
	for (size_t i = 0; i < setup->n_chains; i++) {
		struct setup_chain left_out = setup->chains[i];

		if (strcmp(left_out.config->name, chain) != 0)
			continue;
		setup->n_chains--;
		memmove(&setup->chains[i], &setup->chains[i + 1],
			(setup->n_chains - i) * sizeof(*setup->chains));
		setup->chains[setup->n_chains] = left_out;
		setup->n_left_out++;
		return;
	}
}

bool setup_wants_interface(const struct setup *setup, const char *name)
{
	for (size_t i = 0; i < setup->n_chains; i++) {
		const struct config_chain *config = setup->chains[i].config;

		for (size_t j = 0; j < config->n_interfaces; j++) {
			if (strcmp(config->interfaces[j].name, name) == 0)
				return true;
		}
	}
	return false;
}

struct setup *setup_ref(struct setup *setup)
{
	setup->refs++;
	return setup;
}

void setup_unref(struct setup *setup)
{
	if (!setup || --setup->refs > 0)
		return;
	for (size_t i = 0; setup->chains && i < setup->n_chains + setup->n_left_out; i++) {
		struct setup_chain *chain = &setup->chains[i];

		for (size_t j = 0; chain->slots && j < chain->n_slots; j++)
			slot_deinit(&chain->slots[j]);
		free(chain->slots);
	}
	free(setup->chains);
	config_free(setup->config);
	free(setup);
}
