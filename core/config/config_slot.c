/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A section [slot CHAIN.NUMBER]. The host owns a few keys and two prefixes, which are reserved for future
 * keys; all other keys are passed to the plugin unchanged.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/plugin.h>

#include "config/config_jump.h"
#include "config/keys.h"
#include "config/sections.h"
#include "config/text.h"

#define PLUGIN_NAME_MAX (sizeof(((struct xslot_plugin *)NULL)->name) - 1)

/* The slot, and what is known of it only while it is read. */
struct draft {
	struct config_slot slot;
	bool enabled;
	const char *section;
};

static int set_plugin(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	struct draft *draft = target;
	const char *name = entry->value;

	if (name[0] == 0)
		return fail(diag, -EINVAL, "must be a plugin's name");
	if (strchr(name, '/'))
		return fail(diag, -EINVAL,
			"must be a plugin's name, not a path; add its directory to plugin_path");
	for (const char *p = name; *p; p++) {
		if ((!isalnum((unsigned char)*p) && *p != '_') || isdigit((unsigned char)name[0]))
			return fail(diag, -EINVAL,
				"is not a plugin's name; use letters, digits and _, and do not begin with a digit");
	}
	if (strlen(name) > PLUGIN_NAME_MAX)
		return fail(diag, -EINVAL, "has %zu characters, more than the %zu allowed in a plugin's name",
			strlen(name), PLUGIN_NAME_MAX);
	if (text_set(&draft->slot.plugin, name) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	return 0;
}

static int set_program(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	struct draft *draft = target;

	if (entry->value[0] == 0)
		return fail(diag, -EINVAL, "must be the name of a function in the object");
	if (text_set(&draft->slot.program, entry->value) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	return 0;
}

static const struct key_word actions[] = {
	{ "next", 0 }, /* goes on whatever else does: alone, it is the empty set */
	{ "pass", 1u << XDP_PASS },
	{ "drop", 1u << XDP_DROP },
	{ "tx", 1u << XDP_TX },
	{ "redirect", 1u << XDP_REDIRECT },
	{ "aborted", 1u << XDP_ABORTED },
	{},
};

static int set_proceed_on(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	struct draft *draft = target;
	const char *cursor = entry->value;
	char word[INI_VALUE_SIZE];
	uint32_t all = 0, bit;

	while (text_next(&cursor, word, sizeof(word))) {
		int r;

		if (strpbrk(word, " \t"))
			return fail(diag, -EINVAL, "\"%s\" contains a blank; separate verdicts with commas",
				word);
		r = key_word_find(actions, word, &bit, diag);
		if (r < 0)
			return entry->value[0] ? fail_within(diag, r, "\"%s\"", word) : r;
		if (all & bit)
			return fail(diag, -EINVAL, "has %s twice", word);
		all |= bit;
	}
	draft->slot.proceed = all;
	draft->slot.proceed_given = true;
	return 0;
}

static const struct key_word states[] = { { "keep", 0 }, { "fresh", 1 }, {} };

static const struct key keys[] = {
	{ "plugin", set_plugin, .place = offsetof(struct draft, slot.plugin_place) },
	{ "enabled", key_set_bool, offsetof(struct draft, enabled) },
	{ "state", key_set_flag, offsetof(struct draft, slot.state_fresh), states },
	{ "proceed_on", set_proceed_on },
	{ "fuse", key_set_bool, offsetof(struct draft, slot.fuse) },
	{ "object", key_set_path, offsetof(struct draft, slot.object),
		.place = offsetof(struct draft, slot.object_place) },
	{ "program", set_program },
	{},
};

const char *const *config_slot_keys(void)
{
	static const char *const names[] = { "plugin", "enabled", "state", "proceed_on", "fuse", "object",
		"program", NULL };

	_Static_assert(
		sizeof(names) / sizeof(names[0]) == sizeof(keys) / sizeof(keys[0]), "one name for each key");
	return names;
}

bool config_slot_owns(const char *key)
{
	if (strncmp(key, "on_", 3) == 0 || strncmp(key, "slot_", 5) == 0)
		return true;
	for (const char *const *name = config_slot_keys(); *name; name++) {
		if (strcmp(*name, key) == 0)
			return true;
	}
	return false;
}

static int append_param(struct config_slot *slot, const struct ini_entry *entry)
{
	struct config_param param = { .place = entry->place };

	if (text_set(&param.name, entry->key) < 0 || text_set(&param.text, entry->value) < 0 ||
		array_grow(&slot->params, slot->n_params, sizeof(*slot->params)) < 0) {
		free(param.name);
		free(param.text);
		return -ENOMEM;
	}
	slot->params[slot->n_params++] = param;
	return 0;
}

static int take_param(void *target, const struct ini_entry *entry, struct report *report)
{
	struct draft *draft = target;
	struct config_slot *slot = &draft->slot;

	if (config_is_jump(entry->key))
		return config_jump_take(slot, entry, report);
	if (config_slot_owns(entry->key))
		return report_add(report, entry->place.file, entry->place.line,
			"[%s] has no key %s; keys that begin with on_ or slot_ are reserved for the host",
			draft->section, entry->key);
	if (append_param(slot, entry) < 0)
		return report_add(report, entry->place.file, entry->place.line, "out of memory");
	return 0;
}

int config_slot_number(const char *text, unsigned *ret_number, struct xslot_diag *diag)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || text[digits])
		return fail(
			diag, -EINVAL, "\"%s\" is not a slot's number; write it as in [slot edge.10]", text);
	if (text[0] == '0' && digits > 1)
		return fail(diag, -EINVAL, "the slot's number %s has a leading 0; remove it", text);
	if (digits > 5 || strtoul(text, NULL, 10) > CONFIG_SLOT_NUMBER_MAX)
		return fail(diag, -EINVAL, "the slot's number %s is too high; the highest is %u", text,
			CONFIG_SLOT_NUMBER_MAX);
	*ret_number = (unsigned)strtoul(text, NULL, 10);
	return 0;
}

int config_slot_parse(
	struct config_slot *slot, const struct ini_section *section, bool *ret_enabled, struct report *report)
{
	struct draft draft = { .slot = *slot, .enabled = true, .section = section->name };
	const struct ini_entry *program;
	int r;

	draft.slot.fuse = true;
	draft.slot.place = draft.slot.plugin_place = draft.slot.object_place = section->place;
	r = keys_set(keys, section, &draft, take_param, report);
	if (!keys_find(section, "plugin") && !section->broken)
		r = report_add(report, section->place.file, section->place.line,
			"[%s] has no plugin; add plugin = NAME", section->name);
	program = keys_find(section, "program");
	if (program && !keys_find(section, "object"))
		r = report_add(report, program->place.file, program->place.line,
			"program = %s: selects a function of an object file, and the slot has none; add object = PATH",
			program->value);
	for (size_t i = 0; i < draft.slot.n_jumps && !keys_find(section, "object"); i++)
		r = report_add(report, draft.slot.jumps[i].place.file, draft.slot.jumps[i].place.line,
			"jump.%s.%u: fills a program array of an object file, and the slot has none; add object = PATH",
			draft.slot.jumps[i].array, draft.slot.jumps[i].index);
	draft.slot.broken = r < 0 || section->broken;
	*slot = draft.slot;
	*ret_enabled = draft.enabled;
	return r;
}

void config_slot_deinit(struct config_slot *slot)
{
	for (size_t i = 0; i < slot->n_params; i++) {
		free(slot->params[i].name);
		free(slot->params[i].text);
	}
	free(slot->params);
	config_jumps_deinit(slot);
	free(slot->plugin);
	free(slot->object);
	free(slot->program);
}
