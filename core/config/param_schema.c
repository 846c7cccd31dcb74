/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin's table is part of a file that someone else compiled, and is read before any of the file's code
 * runs. So every row is checked before it is used; the other files of param can rely on what passes here.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/param.h"
#include "config/param_text.h"
#include "util/diag.h"

static bool is_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return length < size;
}

/* What plugin object's slots may set beside variables: "map.MAP.max_entries". */
static bool is_map_size(const char *name)
{
	size_t length;

	if (strncmp(name, "map.", 4) != 0)
		return false;
	length = strspn(name + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	return length > 0 && strcmp(name + 4 + length, ".max_entries") == 0;
}

static int check_name(const char *name, struct xslot_diag *diag)
{
	if (is_map_size(name))
		return 0;
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_')
			return fail(
				diag, -EINVAL, "parameter \"%s\": a name has letters, digits and _", name);
	}
	if (name[0] == 0 || isdigit((unsigned char)name[0]))
		return fail(diag, -EINVAL, "parameter \"%s\": a name begins with a letter or _", name);
	if (config_slot_owns(name))
		return fail(diag, -EINVAL, "parameter %s: this key of a slot belongs to the host; rename it",
			name);
	return 0;
}

static int check_range(const struct xslot_param *param, struct xslot_diag *diag)
{
	bool number = param->type == XSLOT_UINT || param->type == XSLOT_INT || param->type == XSLOT_DURATION;
	const struct param_range range = param_range(param);

	if (param->bounds > (XSLOT_BOUND_MIN | XSLOT_BOUND_MAX) || (param->min && !range.at_least) ||
		(param->max && !range.at_most))
		return fail(diag, -EINVAL,
			"parameter %s: .bounds does not say which of .min and .max hold; write XSLOT_AT_LEAST(), XSLOT_AT_MOST() or XSLOT_RANGE()",
			param->name);
	if (param->bounds && !number)
		return fail(
			diag, -EINVAL, "parameter %s: bounds are for UINT, INT and DURATION", param->name);
	if (param->type != XSLOT_INT && param->min < 0)
		return fail(diag, -EINVAL, "parameter %s: .min is negative, but its type is unsigned",
			param->name);
	if (param->type == XSLOT_INT ? (int64_t)range.low > (int64_t)range.high : range.low > range.high)
		return fail(diag, -EINVAL, "parameter %s: .max is less than .min", param->name);
	return 0;
}

static int check_words(const struct xslot_param *param, struct xslot_diag *diag)
{
	const char *words[PARAM_WORDS_MAX];
	char copy[sizeof(param->words)];
	size_t n;

	if (param->type != XSLOT_ENUM && param->words[0])
		return fail(diag, -EINVAL, "parameter %s: .words are for ENUM", param->name);
	if (param->type != XSLOT_ENUM)
		return 0;
	memcpy(copy, param->words, sizeof(copy));
	n = param_text_words(copy, words, PARAM_WORDS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (words[i][0] == 0 || strpbrk(words[i], " \t\",;#|"))
			return fail(diag, -EINVAL, "parameter %s: .words must be as in \"allow|deny\"",
				param->name);
		for (size_t k = 0; k < i; k++) {
			if (strcmp(words[i], words[k]) == 0)
				return fail(diag, -EINVAL, "parameter %s: .words has %s twice", param->name,
					words[i]);
		}
	}
	return 0;
}

static int check_fallback(const struct xslot_param *param, struct xslot_diag *diag)
{
	struct xslot_value value;
	int r;

	if (param->required > 1 || param->callbacks > 1)
		return fail(diag, -EINVAL, "parameter %s: .%s is 0 or 1, not %u", param->name,
			param->required > 1 ? "required" : "callbacks",
			param->required > 1 ? param->required : param->callbacks);
	if (param->fallback[0] == 0)
		return 0;
	if (param->required)
		return fail(diag, -EINVAL, "parameter %s: is required and has a .fallback; remove one",
			param->name);
	r = param_text_parse(param, param->fallback, &value, diag);
	if (r < 0)
		return fail_within(
			diag, -EINVAL, "parameter %s: .fallback = %s", param->name, param->fallback);
	return 0;
}

static int check_row(const struct xslot_param *param, struct xslot_diag *diag)
{
	int r;

	if (!is_text(param->name, sizeof(param->name)))
		return fail(diag, -EINVAL, "a parameter's name does not end within its field");
	r = check_name(param->name, diag);
	if (r < 0)
		return r;
	if (!is_text(param->help, sizeof(param->help)) || !is_text(param->words, sizeof(param->words)) ||
		!is_text(param->fallback, sizeof(param->fallback)))
		return fail(diag, -EINVAL,
			"parameter %s: help, words or fallback does not end within its field", param->name);
	if (param->type > XSLOT_FILE)
		return fail(diag, -EINVAL,
			"parameter %s: this host does not know its type %u; the plugin was built for a newer one",
			param->name, param->type);
	r = check_range(param, diag);
	if (r == 0)
		r = check_words(param, diag);
	if (r == 0)
		r = check_fallback(param, diag);
	return r;
}

int params_check_schema(const struct xslot_param *schema, struct xslot_diag *diag)
{
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && schema[i].type != XSLOT_NONE; i++) {
		int r = check_row(&schema[i], diag);

		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(schema[k].name, schema[i].name) == 0)
				return fail(diag, -EINVAL, "parameter %s: is declared twice", schema[i].name);
		}
	}
	return 0;
}
