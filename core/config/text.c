/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Most configuration errors are typing errors, so code that knows which names exist also suggests the nearest
 * one. Near means: few changed letters or swapped neighbours for the length of the word, or a beginning of
 * the name.
 */
#include "config/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"

#define NAME_LONGEST 63

int text_set(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int array_grow(void *array, size_t n, size_t size)
{
	void *old, *grown;

	/* Capacity is the next power of two: it grows when n is one. */
	if (n != 0 && (n & (n - 1)) != 0)
		return 0;
	memcpy(&old, array, sizeof(old));
	grown = reallocarray(old, n == 0 ? 1 : 2 * n, size);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	return 0;
}

int text_to_bool(const char *text, bool *ret_value)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_value = i & 1;
			return 0;
		}
	}
	return -EINVAL;
}

bool text_next(const char **cursor, char *ret_part, size_t size)
{
	const char *start = *cursor, *end;

	if (!start)
		return false;
	end = strchrnul(start, ',');
	*cursor = *end ? end + 1 : NULL;
	while (start < end && isblank((unsigned char)*start))
		start++;
	while (end > start && isblank((unsigned char)end[-1]))
		end--;
	snprintf(ret_part, size, "%.*s", (int)(end - start), start);
	return true;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

static int lower(char c)
{
	return tolower((unsigned char)c);
}

/* Changes, insertions, deletions and swapped neighbours that make one word of the other. */
static unsigned text_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	size_t n_a = strlen(a), n_b = strlen(b);

	for (size_t j = 0; j <= n_b; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n_a; i++) {
		unsigned *oldest = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n_b; j++) {
			unsigned change = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

			row[j] = min3(change, last[j] + 1, row[j - 1] + 1);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[n_b];
}

const char *text_nearest(const char *word, const char *const *names, size_t n_names)
{
	size_t length = strlen(word);
	unsigned best = length <= 3 ? 2 : length <= 6 ? 3 : 4; /* one more than is near enough */
	const char *nearest = NULL;

	if (length == 0 || length > NAME_LONGEST)
		return NULL;
	for (size_t i = 0; i < n_names; i++) {
		unsigned distance;

		if (strlen(names[i]) > NAME_LONGEST)
			continue;
		distance = text_distance(word, names[i]);
		if (distance < best && distance < length) {
			best = distance;
			nearest = names[i];
		}
	}
	for (size_t i = 0; i < n_names && !nearest && length >= 3; i++) {
		if (strncasecmp(word, names[i], length) == 0)
			nearest = names[i];
	}
	return nearest;
}

char *text_list(const char *const *names, size_t n_names, const char *last)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < n_names; i++) {
		if (i > 0 && i + 1 == n_names)
			fprintf(stream, " %s ", last);
		else if (i > 0)
			fputs(", ", stream);
		fputs(names[i], stream);
	}
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

char *text_hint(const char *word, const char *const *names, size_t n_names, const char *many)
{
	const char *nearest = text_nearest(word, names, n_names);
	CLEANUP(free) char *list = NULL;
	char *hint = NULL;
	int n;

	if (nearest) {
		n = asprintf(&hint, "; did you mean %s?", nearest);
	} else {
		list = text_list(names, n_names, "and");
		n = list ? asprintf(&hint, "; %s %s", many, list) : -1;
	}
	return n < 0 ? NULL : hint;
}

void text_warn_cut(
	struct report *report, const struct config_place *place, const char *path, const struct blob *blob)
{
	if (blob->size == 0)
		report_warn(report, place->file, place->line, "%s is empty: was it cut off?", path);
	else if (blob->data[blob->size - 1] != '\n' && !memchr(blob->data, 0, blob->size))
		report_warn(report, place->file, place->line,
			"%s does not end with a newline: was it cut off?", path);
}

int text_refuse(struct report *report, const struct config_place *place, const char *key, const char *value,
	struct xslot_diag *diag)
{
	if (value[0])
		fail_within(diag, -EINVAL, "%s = %s", key, value);
	else
		fail_within(diag, -EINVAL, "%s has no value", key);
	return report_take(report, place->file, place->line, diag);
}
