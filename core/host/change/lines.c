/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/change/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/memory.h"

void lines_add(struct lines *lines, const char *format, ...)
{
	char **line = reallocarray(lines->line, lines->n + 1, sizeof(*line));
	va_list args;

	if (!line)
		memory_out();
	lines->line = line;
	va_start(args, format);
	if (vasprintf(&line[lines->n], format, args) < 0)
		memory_out();
	va_end(args);
	lines->n++;
}

void lines_clear(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->line[i]);
	free(lines->line);
	*lines = (struct lines){};
}
