/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * "jump.NAME.INDEX = FILE[:PROGRAM]" in a slot. Everything that can be checked without the object is checked
 * here. The host checks later whether the object has the array, and the file the program.
 */
#include "config/config_jump.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* Are the first `length` letters a name in C? */
static bool is_name(const char *name, size_t length)
{
	return length > 0 && strspn(name, LETTERS) >= length && !isdigit((unsigned char)name[0]);
}

static int parse_index(const char *text, uint32_t *ret_index, struct xslot_diag *diag)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long index =
		strtoull(text, NULL, 10); /* the highest of all when there are too many digits */

	if (digits == 0 || text[digits])
		return fail(diag, -EINVAL,
			"\"%s\" is not an index of a program array; write it as in jump.stages.3", text);
	if (text[0] == '0' && digits > 1)
		return fail(diag, -EINVAL, "the index %s has a leading 0; remove it", text);
	if (index > UINT32_MAX)
		return fail(diag, -EINVAL, "the index %s is too high for any program array", text);
	*ret_index = (uint32_t)index;
	return 0;
}

static int parse_key(const char *key, struct config_jump *jump, struct xslot_diag *diag)
{
	const char *array = key + strlen("jump."), *dot = strrchr(array, '.');

	if (!dot)
		return fail(diag, -EINVAL,
			"needs a program array and an index in it; write it as in jump.stages.3");
	if (!is_name(array, (size_t)(dot - array)))
		return fail(diag, -EINVAL,
			"\"%.*s\" is not the name of a program array; it has letters, digits and _",
			(int)(dot - array), array);
	jump->array = strndup(array, (size_t)(dot - array));
	if (!jump->array)
		return fail(diag, -ENOMEM, "out of memory");
	return parse_index(dot + 1, &jump->index, diag);
}

/* What stands behind the last colon is a program, when it looks like one. */
static int parse_value(const char *value, struct config_jump *jump, struct xslot_diag *diag)
{
	const char *colon = strrchr(value, ':');

	if (value[0] != '/')
		return fail(diag, -EINVAL,
			"must be the absolute path of an object file, followed by :PROGRAM if the file has several programs");
	if (colon && !colon[1])
		return fail(diag, -EINVAL, "ends with a colon, and no program follows");
	if (colon && !is_name(colon + 1, strlen(colon + 1)))
		colon = NULL;
	jump->file = strndup(value, colon ? (size_t)(colon - value) : strlen(value));
	jump->program = colon ? strdup(colon + 1) : NULL;
	return jump->file && (jump->program || !colon) ? 0 : fail(diag, -ENOMEM, "out of memory");
}

static void jump_deinit(struct config_jump *jump)
{
	free(jump->array);
	free(jump->file);
	free(jump->program);
}

/* Sorted: in which order the lines stand makes no difference. */
static int compare(const struct config_jump *a, const struct config_jump *b)
{
	int order = strcmp(a->array, b->array);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

int config_jump_take(struct config_slot *slot, const struct ini_entry *entry, struct report *report)
{
	struct config_jump jump = { .place = entry->place };
	struct xslot_diag diag = {};
	size_t at;
	int r = parse_key(entry->key, &jump, &diag);

	if (r == 0)
		r = parse_value(entry->value, &jump, &diag);
	if (r == 0 && array_grow(&slot->jumps, slot->n_jumps, sizeof(*slot->jumps)) < 0)
		r = fail(&diag, -ENOMEM, "out of memory");
	if (r < 0) {
		jump_deinit(&jump);
		return text_refuse(report, &entry->place, entry->key, entry->value, &diag);
	}
	for (at = slot->n_jumps++; at > 0 && compare(&jump, &slot->jumps[at - 1]) < 0; at--)
		slot->jumps[at] = slot->jumps[at - 1];
	slot->jumps[at] = jump;
	return 0;
}

void config_jumps_deinit(struct config_slot *slot)
{
	for (size_t i = 0; i < slot->n_jumps; i++)
		jump_deinit(&slot->jumps[i]);
	free(slot->jumps);
}
