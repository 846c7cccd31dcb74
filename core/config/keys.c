/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Every section of the host is a table of keys: what a key may be, where its value is stored, and which keys
 * to suggest for an unknown one, are each written once. A setter knows only its value; the prefix of its
 * message (`KEY = VALUE: `) is added in one place, so all messages look alike.
 */
#include "config/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/cleanup.h"

#define WORDS_MAX 32

static void *key_field(const struct key *key, void *target)
{
	return (char *)target + key->offset;
}

int key_set_bool(const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	if (text_to_bool(entry->value, key_field(key, target)) < 0)
		return fail(diag, -EINVAL, "must be " TEXT_BOOL_WORDS);
	return 0;
}

int key_word_find(
	const struct key_word *words, const char *word, uint32_t *ret_value, struct xslot_diag *diag)
{
	const char *names[WORDS_MAX], *nearest;
	CLEANUP(free) char *list = NULL;
	size_t n = 0;

	for (; words[n].word && n < WORDS_MAX; n++) {
		names[n] = words[n].word;
		if (strcmp(word, words[n].word) == 0) {
			*ret_value = words[n].value;
			return 0;
		}
	}
	nearest = text_nearest(word, names, n);
	list = text_list(names, n, "or");
	if (!list)
		return fail(diag, -ENOMEM, "out of memory");
	if (nearest)
		return fail(diag, -EINVAL, "must be %s; did you mean %s?", list, nearest);
	return fail(diag, -EINVAL, "must be %s", list);
}

int key_set_word(const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	uint32_t value;
	int r = key_word_find(key->words, entry->value, &value, diag);

	if (r == 0)
		memcpy(key_field(key, target), &value, sizeof(value));
	return r;
}

int key_set_flag(const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	uint32_t value;
	int r = key_word_find(key->words, entry->value, &value, diag);

	if (r == 0)
		*(bool *)key_field(key, target) = value != 0;
	return r;
}

int key_set_path(const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	char **field = key_field(key, target);

	if (entry->value[0] != '/')
		return fail(diag, -EINVAL, "must be a path that begins with /");
	if (text_set(field, entry->value) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	return 0;
}

const struct ini_entry *keys_find(const struct ini_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_entries; i++) {
		if (strcmp(section->entries[i].key, name) == 0)
			return &section->entries[i];
	}
	return NULL;
}

static int refuse_unknown(
	const struct key *keys, const char *section, const struct ini_entry *entry, struct report *report)
{
	CLEANUP(free) char *hint = NULL;
	const char *names[WORDS_MAX];
	size_t n = 0;

	for (; keys[n].name && n < WORDS_MAX; n++)
		names[n] = keys[n].name;
	hint = text_hint(entry->key, names, n, "its keys are");
	return report_add(report, entry->place.file, entry->place.line, "[%s] has no key %s%s", section,
		entry->key, hint ? hint : "");
}

static int key_apply(
	const struct key *key, void *target, const struct ini_entry *entry, struct report *report)
{
	struct xslot_diag diag = {};

	if (key->set(key, target, entry, &diag) < 0)
		return text_refuse(report, &entry->place, entry->key, entry->value, &diag);
	if (key->place)
		*(struct config_place *)((char *)target + key->place) = entry->place;
	return 0;
}

int keys_set(const struct key *keys, const struct ini_section *section, void *target,
	int (*other)(void *target, const struct ini_entry *entry, struct report *report),
	struct report *report)
{
	int r = 0;

	for (size_t i = 0; i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i], *first = keys_find(section, entry->key);
		const struct key *key = keys;
		int error;

		while (key->name && strcmp(key->name, entry->key) != 0)
			key++;
		if (first != entry && !(key->name && key->may_repeat))
			error = report_add(report, entry->place.file, entry->place.line,
				"[%s] has the key %s twice, first in line %u; remove one of them",
				section->name, entry->key, first->place.line);
		else if (key->name)
			error = key_apply(key, target, entry, report);
		else if (other)
			error = other(target, entry, report);
		else
			error = refuse_unknown(keys, section->name, entry, report);
		if (error < 0)
			r = error;
	}
	return r;
}
