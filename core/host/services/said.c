/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin's text is shown as it is, since JSON and xslotctl know how to show any bytes. Names and units are
 * not: what reads metrics takes letters, digits and _ only, and a name that is quietly changed is not found
 * again.
 */
#include "host/services/said.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/diag.h"

#define NAME_MAX_BYTES 63
#define KEY_MAX_BYTES 127
#define LABEL_MAX_BYTES 255

int said_text(struct status_said *said, const char *key, char *value, struct xslot_diag *diag)
{
	CLEANUP(free) char *text = value, *name = NULL;
	struct status_pair *texts;

	if (said->n_texts >= SAID_TEXTS)
		return fail(diag, -ENOSPC, "its status has more than %d texts: the others are not shown",
			SAID_TEXTS);
	name = strndup(key ? key : "", KEY_MAX_BYTES);
	texts = reallocarray(said->texts, said->n_texts + 1, sizeof(*texts));
	if (texts)
		said->texts = texts;
	if (!texts || !text || !name)
		return -ENOMEM;
	if (strlen(text) > SAID_VALUE)
		text[SAID_VALUE] = 0;
	texts[said->n_texts++] = (struct status_pair){ TAKE_PTR(name), TAKE_PTR(text) };
	return 0;
}

static bool is_name(const char *name)
{
	size_t length = strnlen(name, NAME_MAX_BYTES + 1);

	return length > 0 && length <= NAME_MAX_BYTES && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static int check(const struct xslot_number *number, struct xslot_diag *diag)
{
	if (!number->name || !is_name(number->name))
		return fail(diag, -EINVAL,
			"a number of its status is called \"%.64s\": a name has a to z, 0 to 9 and _, begins with a letter, and has at most %d characters",
			number->name ? number->name : "", NAME_MAX_BYTES);
	if (number->unit && number->unit[0] && !is_name(number->unit))
		return fail(diag, -EINVAL, "number %s has the unit \"%.64s\", which is not a name",
			number->name, number->unit);
	if (number->kind != XSLOT_GAUGE && number->kind != XSLOT_COUNTER)
		return fail(diag, -EINVAL, "number %s is of kind %u, and this host knows gauge and counter",
			number->name, number->kind);
	if (number->kind == XSLOT_COUNTER && number->value < 0)
		return fail(diag, -EINVAL, "number %s is a counter, and negative: %" PRId64, number->name,
			number->value);
	for (size_t i = 0; i < XSLOT_MAX_LABELS && number->labels[i].name; i++) {
		if (!is_name(number->labels[i].name))
			return fail(diag, -EINVAL, "number %s has a label \"%.64s\", which is not a name",
				number->name, number->labels[i].name);
	}
	return 0;
}

static int add_label(struct status_number *to, const char *name, const char *value)
{
	struct status_pair *label = &to->labels[to->n_labels++];

	label->key = strdup(name);
	label->value = strndup(value ? value : "", LABEL_MAX_BYTES);
	return label->key && label->value ? 0 : -ENOMEM;
}

static int fill(struct status_number *to, const struct xslot_number *from)
{
	int r = 0;

	to->kind = from->kind == XSLOT_COUNTER ? "counter" : "gauge";
	to->value = from->value;
	to->name = strdup(from->name);
	to->unit = strdup(from->unit ? from->unit : "");
	for (size_t i = 0; r == 0 && i < XSLOT_MAX_LABELS && from->labels[i].name; i++)
		r = add_label(to, from->labels[i].name, from->labels[i].value);
	return to->name && to->unit ? r : -ENOMEM;
}

int said_number(
	struct status_said *said, const struct xslot_number *given, size_t size, struct xslot_diag *diag)
{
	struct xslot_number number = {};
	struct status_number *numbers;
	int r;

	memcpy(&number, given, size < sizeof(number) ? size : sizeof(number));
	r = check(&number, diag);
	if (r < 0)
		return r;
	if (said->n_numbers >= SAID_NUMBERS)
		return fail(diag, -ENOSPC, "its status has more than %d numbers: the others are not shown",
			SAID_NUMBERS);
	numbers = reallocarray(said->numbers, said->n_numbers + 1, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	said->numbers = numbers;
	numbers[said->n_numbers] = (struct status_number){};
	return fill(&numbers[said->n_numbers++], &number);
}

int said_row(
	struct status_said *said, const char *map, const char *row, uint64_t value, struct xslot_diag *diag)
{
	char name[2 * NAME_MAX_BYTES];
	const struct xslot_number number = {
		.name = name, .kind = XSLOT_COUNTER, .value = (int64_t)(value & INT64_MAX)
	};

	snprintf(name, sizeof(name), "%s_%s", map, row);
	return said_number(said, &number, sizeof(number), diag);
}
