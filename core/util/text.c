/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Lists in messages are written piece by piece; snprintf's return value invites off-by-ones, so it stays
 * here. */
#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	if (text->used + 1 >= text->size)
		return;
	va_start(args, format);
	n = vsnprintf(text->at + text->used, text->size - text->used, format, args);
	va_end(args);
	if (n < 0)
		return;
	text->used += (size_t)n;
	if (text->used >= text->size)
		text->used = text->size - 1;
}
