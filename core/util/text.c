/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Lists in messages are written piece by piece; the return value of snprintf() invites off-by-one errors, so
 * it is used only here. Text is cleaned where messages are made and where lines leave the process, not where
 * each name is read: so no name can be forgotten.
 */
#include "util/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

size_t text_utf8(const char *text, size_t size, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	uint32_t code = p[0];

	if (n == 0 || n > size)
		return 0;
	if (n > 1)
		code &= 0xffU >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return n;
}

int text_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Copy one character, or what stands for it, to `to`, which has room for 6 bytes. Returns how many it took.
 */
static size_t clean_one(const char *from, size_t left, char *to, size_t *ret_n)
{
	uint32_t code = 0;
	size_t n = text_utf8(from, left, &code);
	char escape[8];

	if (n > 0 && !text_is_control(code)) {
		memcpy(to, from, n);
		*ret_n = n;
		return n;
	}
	snprintf(escape, sizeof(escape), code < 0x100 ? "\\x%02x" : "\\u%04x",
		n > 0 ? code : (unsigned char)*from);
	*ret_n = strlen(escape);
	memcpy(to, escape, *ret_n);
	return n > 0 ? n : 1;
}

void text_clean_into(char *to, size_t size, const char *from)
{
	size_t left = strlen(from), used = 0;

	while (left > 0) {
		char piece[6];
		size_t n, taken = clean_one(from, left, piece, &n);

		if (used + n >= size)
			break;
		memcpy(to + used, piece, n);
		used += n;
		from += taken;
		left -= taken;
	}
	to[used] = 0;
}

char *text_clean(const char *from)
{
	size_t size = 4 * strlen(from) + 1;
	char *to = malloc(size);

	if (to)
		text_clean_into(to, size, from);
	return to;
}

static void print_line(FILE *out, const char *line, size_t length)
{
	char piece[6];
	size_t n;

	while (length > 0) {
		size_t taken = clean_one(*line == '\t' ? " " : line, length, piece, &n);

		fwrite(piece, 1, n, out);
		line += taken;
		length -= taken;
	}
}

void text_print_lines(FILE *out, const char *before, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		fputs(before, out);
		print_line(out, text, length);
		fputc('\n', out);
		text += length + (text[length] == '\n');
	}
}
