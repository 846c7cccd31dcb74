/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Marks are in the object's BTF, beside the map that they are about: the host reads them as data, and finds
 * them again in the object that is pinned with an instance, when the plugin's file has changed or is gone.
 * A mark that this host does not know may say that something must not be kept: so it is refused.
 */
#include "kernel/state/marks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xslot/plugin.h>

#include "kernel/types.h"
#include "util/diag.h"

#define PREFIX "xslot:"

/* What follows `start` in the text; NULL when it does not begin so. */
static const char *after(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) == 0 ? text + length : NULL;
}

static bool read_number(const char *text, uint32_t *ret_number)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || *end || number == 0 || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* "PARAMETER", or "PARAMETER/BYTES". */
static bool read_entries(const char *text, struct marks *marks)
{
	size_t length = strcspn(text, "/");

	if (length == 0 || length >= sizeof(marks->entries_from))
		return false;
	snprintf(marks->entries_from, sizeof(marks->entries_from), "%.*s", (int)length, text);
	return !text[length] || read_number(text + length + 1, &marks->bytes_per_entry);
}

static bool read_shared(const char *text, struct marks *marks)
{
	const size_t length = strlen(text);

	if (length == 0 || length >= sizeof(marks->shared))
		return false;
	memcpy(marks->shared, text, length + 1);
	marks->state = true;
	return true;
}

/* "ipv4, ipv6": each as a plugin's name, since metrics take no other. */
static bool read_rows(const char *text, struct marks *marks)
{
	size_t used = 0;

	for (; *text; text += strspn(text, ", ")) {
		size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

		if (length == 0 || length > 31 || *text < 'a' || *text > 'z' || !strchr(",", text[length]) ||
			used + length + 2 > sizeof(marks->rows))
			return false;
		used += (size_t)snprintf(marks->rows + used, sizeof(marks->rows) - used, "%s%.*s",
			used ? "," : "", (int)length, text);
		marks->n_rows++;
		text += length;
	}
	return marks->n_rows > 0;
}

void marks_row(const struct marks *marks, uint32_t row, char ret_name[static MARKS_NAME])
{
	const char *name = marks->rows;

	while (row-- > 0)
		name += strcspn(name, ",") + 1;
	snprintf(ret_name, MARKS_NAME, "%.*s", (int)strcspn(name, ","), name);
}

static int read_mark(const char *mark, const char *name, struct marks *marks, struct xslot_diag *diag)
{
	const char *rest;
	bool good = true;

	if (strcmp(mark, "state") == 0)
		marks->state = true;
	else if (strcmp(mark, "messages") == 0)
		marks->messages = true;
	else if ((rest = after(mark, "version:")))
		good = read_number(rest, &marks->version);
	else if ((rest = after(mark, "entries:")))
		good = read_entries(rest, marks);
	else if ((rest = after(mark, "shared:")))
		good = read_shared(rest, marks);
	else if ((rest = after(mark, "rows:")))
		good = read_rows(rest, marks);
	else if (strcmp(mark, "resize:copy") == 0)
		marks->resize = RESIZE_COPY;
	else if (strcmp(mark, "resize:add") == 0)
		marks->resize = RESIZE_ADD;
	else
		return fail(diag, -EPROTONOSUPPORT,
			"map %s has the mark \"" PREFIX
			"%s\", which this host does not know: it was built for a newer xslot",
			name, mark);
	if (!good)
		return fail(diag, -EINVAL, "map %s has the mark \"" PREFIX "%s\", which cannot be read", name,
			mark);
	return 0;
}

int marks_read(const struct btf *btf, uint32_t id, const char *name, struct marks *ret_marks,
	struct xslot_diag *diag)
{
	const char *tag, *mark;
	uint32_t at = 0;
	int r;

	*ret_marks = (struct marks){};
	while ((tag = types_next_tag(btf, id, &at))) {
		mark = after(tag, PREFIX);
		r = mark ? read_mark(mark, name, ret_marks, diag) : 0;
		if (r < 0)
			return r;
	}
	if ((ret_marks->version || ret_marks->resize != RESIZE_FRESH) && !ret_marks->state)
		return fail(diag, -EINVAL,
			"map %s is not marked as state, but says what is to be kept of it: add XSLOT_STATE",
			name);
	return 0;
}

/* Lines of a text; what follows the last newline is one, too. */
static uint64_t count_lines(const uint8_t *data, size_t size)
{
	uint64_t lines = size && data[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int marks_entries(const struct marks *marks, const struct xslot_value *value, const char *name,
	uint32_t *ret_entries, struct xslot_diag *diag)
{
	const uint32_t per = marks->bytes_per_entry;
	uint64_t entries = 0;

	if (value->type != XSLOT_NONE && value->type != XSLOT_FILE && (value->type != XSLOT_UINT || per))
		return fail(diag, -EINVAL,
			"map %s takes its number of entries from parameter %s, which is not a %s", name,
			marks->entries_from, per ? "FILE" : "number or FILE");
	if (value->type == XSLOT_UINT) {
		entries = value->number;
		if (entries == 0)
			return fail(diag, -EINVAL, "map %s cannot have 0 entries", name);
	} else if (value->type == XSLOT_FILE) {
		entries = per ? (value->size + per - 1) / per : count_lines(value->data, value->size);
		entries += entries == 0; /* a map has one at least */
	}
	if (entries > UINT32_MAX)
		return fail(diag, -EINVAL, "map %s cannot have %llu entries: at most %u", name,
			(unsigned long long)entries, UINT32_MAX);
	*ret_entries = (uint32_t)entries;
	return 0;
}
