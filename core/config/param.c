/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The values own everything that they point to, including the file names of places: an instance keeps its
 * parameters for as long as it runs, which is longer than the lifetime of the configuration they came from.
 */
#include "config/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/param_text.h"
#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"
#include "util/file.h"

#define PARAM_FILE_MAX (256UL * 1024 * 1024)

struct item {
	char name[sizeof(((struct xslot_param *)NULL)->name) + 1];
	struct xslot_value value;
	char *text;	   /* what value.text points to */
	struct blob *blob; /* what value.data points to */
	char *file;	   /* where it was given; NULL: nowhere */
	unsigned line;
};

struct params {
	struct item items[XSLOT_MAX_PARAMS];
	size_t n_items;
	char *file; /* the slot's header */
	unsigned line;
};

DEFINE_CLEANUP(struct params *, params_free);

/* The schema's row of that name, or NULL. */
static const struct xslot_param *schema_find(const struct xslot_param *schema, const char *name)
{
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && schema[i].type != XSLOT_NONE; i++) {
		if (strncmp(schema[i].name, name, sizeof(schema[i].name)) == 0)
			return &schema[i];
	}
	return NULL;
}

static int refuse_unknown(const struct config_slot *slot, const struct xslot_param *schema,
	const struct config_param *param, struct report *report)
{
	char own[XSLOT_MAX_PARAMS][sizeof(schema->name) + 1] = {};
	const char *names[XSLOT_MAX_PARAMS + 16];
	CLEANUP(free) char *hint = NULL;
	size_t n_own = 0, n;
	const char *plugin = slot->plugin ? slot->plugin : "";

	for (; n_own < XSLOT_MAX_PARAMS && schema[n_own].type != XSLOT_NONE; n_own++) {
		memcpy(own[n_own], schema[n_own].name, sizeof(schema->name));
		names[n_own] = own[n_own];
	}
	n = n_own;
	for (const char *const *key = config_slot_keys(); *key && n < sizeof(names) / sizeof(names[0]); key++)
		names[n++] = *key;
	if (!text_nearest(param->name, names, n) && n_own == 0)
		return report_add(report, param->place.file, param->place.line,
			"plugin %s has no parameter %s; it takes none", plugin, param->name);
	/* The host's keys are candidates for a slip, but not part of the plugin's list. */
	hint = text_hint(param->name, names, text_nearest(param->name, names, n) ? n : n_own,
		n_own == 1 ? "its only one is" : "it has");
	return report_add(report, param->place.file, param->place.line, "plugin %s has no parameter %s%s",
		plugin, param->name, hint ? hint : "");
}

static int item_read_file(struct item *item, struct files *files, struct xslot_diag *diag)
{
	int r = files_read(files, item->value.text, PARAM_FILE_MAX, &item->blob, diag);

	if (r < 0)
		return r;
	item->value.data = item->blob->data;
	item->value.size = item->blob->size;
	return 0;
}

static int item_parse(struct item *item, const struct xslot_param *param, const char *text,
	struct files *files, struct xslot_diag *diag)
{
	int r;

	if (text_set(&item->text, text) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	r = param_text_parse(param, item->text, &item->value, diag);
	if (r == 0 && param->type == XSLOT_FILE)
		r = item_read_file(item, files, diag);
	return r;
}

/* One row of the schema: given, fallen back, left out or missing. */
static int item_fill(struct item *item, const struct config_slot *slot, const struct xslot_param *param,
	struct files *files, struct report *report)
{
	const struct config_place *place = &slot->place;
	struct xslot_diag diag = {};
	const char *text = NULL;
	bool given = false;

	memcpy(item->name, param->name, sizeof(param->name));
	item->value.value_size = sizeof(item->value);
	for (size_t i = 0; i < slot->n_params && !given; i++) {
		given = strcmp(slot->params[i].name, item->name) == 0;
		if (given) {
			place = &slot->params[i].place;
			text = slot->params[i].text;
		}
	}
	if (given && place->file && text_set(&item->file, place->file) < 0)
		return report_add(report, place->file, place->line, "out of memory");
	item->line = place->line;
	if (!given && param->required)
		return report_add(report, place->file, place->line,
			"plugin %s needs the parameter %s (%.*s); add it to the slot",
			slot->plugin ? slot->plugin : "", item->name, (int)sizeof(param->help), param->help);
	if (!given && param->fallback[0] == 0)
		return 0;
	if (item_parse(item, param, given ? text : param->fallback, files, &diag) < 0)
		return text_refuse(report, place, item->name, given ? text : param->fallback, &diag);
	if (item->blob)
		text_warn_cut(report, place, item->value.text, item->blob);
	item->value.given = given;
	return 0;
}

int params_parse(const struct config_slot *slot, const struct xslot_param *schema, struct files *files,
	struct params **ret_params, struct report *report)
{
	CLEANUP(params_free) struct params *params = calloc(1, sizeof(*params));
	const char *file = slot->place.file ? slot->place.file : "";
	size_t n_before = report->n_kept;
	struct xslot_diag diag = {};
	int r;

	if (!params || (slot->place.file && text_set(&params->file, slot->place.file) < 0))
		return report_add(report, slot->place.file, slot->place.line, "out of memory");
	r = params_check_schema(schema, &diag);
	if (r < 0) {
		fail_within(&diag, r, "plugin %s cannot be used: its table of parameters is wrong",
			slot->plugin ? slot->plugin : "");
		return report_take(report, slot->plugin_place.file, slot->plugin_place.line, &diag);
	}
	params->line = slot->place.line;
	for (size_t i = 0; i < slot->n_params; i++) {
		if (!schema_find(schema, slot->params[i].name))
			r = refuse_unknown(slot, schema, &slot->params[i], report);
	}
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && schema[i].type != XSLOT_NONE; i++) {
		if (item_fill(&params->items[params->n_items++], slot, &schema[i], files, report) < 0)
			r = -EINVAL;
	}
	config_sort_errors(report, n_before, &file, 1);
	if (r < 0)
		return r;
	*ret_params = TAKE_PTR(params);
	return 0;
}

void params_free(struct params *params)
{
	if (!params)
		return;
	for (size_t i = 0; i < params->n_items; i++) {
		free(params->items[i].text);
		free(params->items[i].file);
		blob_free(params->items[i].blob);
	}
	free(params->file);
	free(params);
}

static const struct item *params_find(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->n_items; i++) {
		if (strcmp(params->items[i].name, name) == 0)
			return &params->items[i];
	}
	return NULL;
}

const struct xslot_value *params_get(const struct params *params, const char *name)
{
	const struct item *item = params_find(params, name);

	return item ? &item->value : NULL;
}

size_t params_count(const struct params *params)
{
	return params->n_items;
}

const char *params_name(const struct params *params, size_t index)
{
	return params->items[index].name;
}

const struct xslot_value *params_at(const struct params *params, size_t index)
{
	return &params->items[index].value;
}

struct config_place params_place(const struct params *params, const char *name, unsigned line)
{
	const struct item *item = params_find(params, name);

	if (item && line > 0 && item->value.type == XSLOT_FILE)
		return (struct config_place){ item->text, line };
	if (item && item->file)
		return (struct config_place){ item->file, item->line };
	return (struct config_place){ params->file, params->line };
}

static bool value_equal(const struct item *a, const struct item *b)
{
	if (a->value.type != b->value.type)
		return false;
	switch ((enum xslot_type)a->value.type) {
	case XSLOT_NONE:
		return true;
	case XSLOT_BOOL:
		return a->value.boolean == b->value.boolean;
	case XSLOT_UINT:
	case XSLOT_DURATION:
	case XSLOT_ENUM:
		return a->value.number == b->value.number;
	case XSLOT_INT:
		return a->value.integer == b->value.integer;
	case XSLOT_STRING:
	case XSLOT_PATH:
		return strcmp(a->value.text, b->value.text) == 0;
	case XSLOT_MAC:
		return memcmp(a->value.mac, b->value.mac, sizeof(a->value.mac)) == 0;
	case XSLOT_ADDRESS:
	case XSLOT_PREFIX:
		return memcmp(&a->value.prefix, &b->value.prefix, sizeof(a->value.prefix)) == 0;
	case XSLOT_FILE:
		return strcmp(a->value.text, b->value.text) == 0 && blob_equal(a->blob, b->blob);
	}
	return false;
}

bool params_equal(const struct params *a, const struct params *b)
{
	if (a->n_items != b->n_items)
		return false;
	for (size_t i = 0; i < a->n_items; i++) {
		if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
			!value_equal(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}
