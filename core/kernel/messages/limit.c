/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Each text has a few lines of its own, so that a flood of one message does not hide the first of another.
 * The text is the literal in the program, with no value in it: packets do not choose how many there are.
 */
#include "kernel/messages/limit.h"

#include <stdio.h>
#include <string.h>

static struct limit_text *find(struct limit *limit, unsigned level, const char *text)
{
	struct limit_text *found;

	for (unsigned i = 0; i < limit->n_texts; i++)
		if (strcmp(limit->texts[i].text, text) == 0)
			return &limit->texts[i];
	if (limit->n_texts == LIMIT_TEXTS)
		return NULL;
	found = &limit->texts[limit->n_texts++];
	*found = (struct limit_text){ .level = level };
	snprintf(found->text, sizeof(found->text), "%s", text);
	return found;
}

bool limit_over(const struct limit *limit, uint64_t now_us)
{
	return limit->length_us && now_us - limit->begin_us >= limit->length_us;
}

bool limit_take(struct limit *limit, unsigned level, const char *text, uint64_t now_us)
{
	struct limit_text *of;

	if (!limit->length_us)
		limit->length_us = LIMIT_FIRST_US;
	if (!limit->n_texts)
		limit->begin_us = now_us;
	of = find(limit, level, text);
	if (of && of->n < LIMIT_OF_ONE && limit->n_lines < LIMIT_LINES) {
		of->n++;
		limit->n_lines++;
		return true;
	}
	if (of)
		of->left_out++;
	else
		limit->others++;
	return false;
}

uint64_t limit_due(const struct limit *limit)
{
	bool left_out = limit->others;

	for (unsigned i = 0; i < limit->n_texts; i++)
		left_out |= limit->texts[i].left_out > 0;
	return left_out ? limit->begin_us + limit->length_us : 0;
}

void limit_end(struct limit *limit, void (*tell)(void *data, unsigned level, uint64_t n, const char *text),
	void *data)
{
	uint64_t length_us = LIMIT_FIRST_US;

	if (limit_due(limit))
		length_us = limit->length_us < LIMIT_LAST_US / 2 ? limit->length_us * 2 : LIMIT_LAST_US;
	for (unsigned i = 0; i < limit->n_texts; i++)
		if (limit->texts[i].left_out)
			tell(data, limit->texts[i].level, limit->texts[i].left_out, limit->texts[i].text);
	if (limit->others)
		tell(data, 4, limit->others, NULL);
	*limit = (struct limit){ .length_us = length_us };
}
