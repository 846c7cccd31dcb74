/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * All cells are collected before the first is printed, since the widths are known only then. Cells are ASCII.
 */
#include "table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"
#include "util/text.h"

void table_add(struct table *table, const char *format, ...)
{
	char **cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*cells));
	char *raw = NULL;
	va_list args;
	int n;

	if (cells)
		table->cells = cells;
	va_start(args, format);
	n = cells ? vasprintf(&raw, format, args) : -1;
	va_end(args);
	if (n >= 0)
		cells[table->n_cells] = text_clean(raw);
	if (n < 0 || !cells[table->n_cells]) {
		fprintf(stderr, "xslotctl: out of memory\n");
		exit(EXIT_FAILURE);
	}
	free(raw);
	table->n_cells++;
}

void table_add_count(struct table *table, uint64_t count)
{
	char buffer[32];

	table_add(table, "%s", count ? format_count(count, buffer) : "-");
}

void table_add_json(struct table *table, const json_t *count)
{
	if (json_is_integer(count))
		table_add_count(table, (uint64_t)json_integer_value(count));
	else
		table_add(table, "?");
}

/* Nothing but spaces is left in the row from column `from` on. */
static bool row_is_over(const struct table *table, const int *widths, size_t first, size_t from)
{
	for (size_t i = from; i < strlen(table->align); i++)
		if (widths[i] >= 0 && *table->cells[first + i])
			return false;
	return true;
}

/* Of a column that is left out, -1. */
static void find_widths(const struct table *table, int widths[static TABLE_COLUMNS_MAX])
{
	size_t columns = strlen(table->align);

	for (size_t i = 0; i < columns; i++)
		widths[i] = widths[i] < 0 ? -1 : 0;
	for (size_t i = 0; i < table->n_cells; i++) {
		int *width = &widths[i % columns], length = (int)strlen(table->cells[i]);

		if (*width >= 0 && *width < length)
			*width = length;
	}
}

static unsigned row_width(const struct table *table, const int *widths)
{
	unsigned width = 0;

	for (size_t i = 0; i < strlen(table->align); i++)
		width += widths[i] < 0 ? 0 : (unsigned)widths[i] + 2;
	return width ? width - 2 : 0;
}

static bool column_is_idle(const struct table *table, size_t column)
{
	size_t columns = strlen(table->align);

	for (size_t i = columns + column; i < table->n_cells; i += columns)
		if (strcmp(table->cells[i], "-"))
			return false;
	return true;
}

/* Counts as format_count() has them; in place, since they become shorter. */
static void shorten_counts(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++) {
		char *cell = table->cells[i], buffer[32];
		uint64_t count = 0;

		if (strlen(cell) <= 6 || cell[strspn(cell, "0123456789,")])
			continue;
		for (const char *c = cell; *c; c++)
			count = *c == ',' ? count : 10 * count + (uint64_t)(*c - '0');
		strcpy(cell, format_short(count, buffer));
	}
}

static void fit(struct table *table, unsigned room, int widths[static TABLE_COLUMNS_MAX])
{
	for (size_t i = strlen(table->align); i-- > 0 && row_width(table, widths) > room;)
		if (table->align[i] == 'r' && column_is_idle(table, i))
			widths[i] = -1;
	for (const char *spare = table->spare; *spare && row_width(table, widths) > room; spare++) {
		if (*spare == '#')
			shorten_counts(table);
		else
			widths[*spare - 'a'] = -1;
		find_widths(table, widths);
	}
}

static void row_print(const struct table *table, size_t first, const int *widths, unsigned indent)
{
	size_t columns = strlen(table->align);

	printf("%*s%s", (int)indent, "", first ? "" : style_bold());
	for (size_t i = 0; i < columns; i++) {
		const char *cell = table->cells[first + i];
		bool last = row_is_over(table, widths, first, i + 1);

		if (widths[i] < 0)
			continue;
		if (table->align[i] == 'r')
			printf("%*s", widths[i], cell);
		else
			printf("%-*s", last ? 0 : widths[i], cell);
		if (last)
			break;
		printf("  ");
	}
	printf("%s\n", first ? "" : style_end());
}

void table_print(struct table *table, unsigned indent)
{
	unsigned columns = (unsigned)strlen(table->align), room = screen_look().columns;
	int widths[TABLE_COLUMNS_MAX] = {};

	find_widths(table, widths);
	if (table->spare && room)
		fit(table, room > indent ? room - indent : 0, widths);
	for (size_t row = 0; row + columns <= table->n_cells; row += columns)
		row_print(table, row, widths, indent);
	table_clear(table);
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->n_cells = 0;
}

const char *format_count(uint64_t count, char buffer[static 32])
{
	char digits[32], *to = buffer;
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = 0;
	return buffer;
}

const char *format_short(uint64_t count, char buffer[static 32])
{
	static const char units[] = { 'k', 'M', 'G', 'T', 'P', 'E' };
	uint64_t tenths = count / 100;
	size_t unit = 0;

	if (count < 1000) {
		snprintf(buffer, 32, "%" PRIu64, count);
		return buffer;
	}
	for (; tenths >= 10000; unit++)
		tenths /= 1000;
	snprintf(buffer, 32, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
	return buffer;
}

const char *format_duration(uint64_t us, char buffer[static 32])
{
	if (us < 1000000)
		snprintf(buffer, 32, "%.1f ms", (double)us / 1e3);
	else
		snprintf(buffer, 32, "%.1f s", (double)us / 1e6);
	return buffer;
}

const char *format_age(int64_t seconds, char buffer[static 32])
{
	static const struct {
		int64_t length;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;
	int n;

	if (seconds < 0) /* the clock was set back */
		seconds = 0;
	while (i < 3 && seconds < units[i].length)
		i++;
	n = snprintf(buffer, 32, "%" PRId64 " %s", seconds / units[i].length, units[i].name);
	if (i < 3 && seconds % units[i].length >= units[i + 1].length)
		snprintf(buffer + n, 32 - (size_t)n, " %" PRId64 " %s",
			seconds % units[i].length / units[i + 1].length, units[i + 1].name);
	return buffer;
}
