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
#include <unistd.h>

#include "util/text.h"

static const char *style(const char *escape)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;

	return isatty(STDOUT_FILENO) && !dumb && !(no_color && *no_color) ? escape : "";
}

const char *style_bold(void)
{
	return style("\033[1m");
}

const char *style_alarm(void)
{
	return style("\033[1;31m");
}

const char *style_end(void)
{
	return style("\033[0m");
}

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

/* Nothing but spaces is left in the row from column `from` on. */
static bool row_is_over(const struct table *table, size_t first, size_t from)
{
	for (size_t i = from; i < strlen(table->align); i++)
		if (*table->cells[first + i])
			return false;
	return true;
}

static void row_print(const struct table *table, size_t first, const int *widths, unsigned indent)
{
	size_t columns = strlen(table->align);

	printf("%*s%s", (int)indent, "", first ? "" : style_bold());
	for (size_t i = 0; i < columns; i++) {
		const char *cell = table->cells[first + i];
		bool last = row_is_over(table, first, i + 1);

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
	size_t columns = strlen(table->align);
	int widths[TABLE_COLUMNS_MAX] = {};

	for (size_t i = 0; i < table->n_cells; i++)
		if (widths[i % columns] < (int)strlen(table->cells[i]))
			widths[i % columns] = (int)strlen(table->cells[i]);
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
