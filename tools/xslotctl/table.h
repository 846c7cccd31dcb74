/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Tables on a terminal, and figures for people. */
#ifndef XSLOTCTL_TABLE_H
#define XSLOTCTL_TABLE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TABLE_COLUMNS_MAX 16

/* Cells in rows, collected, then printed in columns as wide as needed. The first row is the heading. */
struct table {
	const char *align; /* a letter a column: 'l' or 'r' */
	/*
	 * NULL, or the table is fitted to a terminal's width: columns of nothing but "-" are left out first,
	 * then these, in this order ('a' is the first column); '#': counts are shortened.
	 */
	const char *spare;
	char **cells;
	size_t n_cells;
};

/* Append a cell; a row ends when there are as many as letters in `align`. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 12345678 as "12,345,678", and 0 as "-", which leaves the eye to what is not 0. */
void table_add_count(struct table *table, uint64_t count);
/* Print with `indent` spaces before each row, and forget the cells. */
void table_print(struct table *table, unsigned indent);
void table_clear(struct table *table);

/* The same of a JSON number; "?" when it is not one. */
void table_add_json(struct table *table, const json_t *count);

/* "12,345,678". */
const char *format_count(uint64_t count, char buffer[static 32]);
/* "12.3M": at most six characters, rounded down. */
const char *format_short(uint64_t count, char buffer[static 32]);
/* "41.2 ms". */
const char *format_duration(uint64_t us, char buffer[static 32]);
/* Seconds as their two greatest units: "3 min 20 s". */
const char *format_age(int64_t seconds, char buffer[static 32]);

#endif
