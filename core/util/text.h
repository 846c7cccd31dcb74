/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Text for people: lists in a buffer of fixed size, and text from outside made safe to print. */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A string that grows within a buffer of fixed size and is cut, never overrun. */
struct text {
	char *at;
	size_t size, used; /* used: without the NUL */
};

/* Append. The string is NUL-terminated from the first call on. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The length in bytes of the UTF-8 character at `p`, and its code point; 0 when there is none. */
size_t text_utf8(const char *p, size_t size, uint32_t *ret_code);

/* Does a terminal, or whoever reads a log by lines, take it for a command? Includes those that turn text. */
int text_is_control(uint32_t code);

/*
 * Names of files, interfaces, maps may hold any bytes. Copy `from` with every control character, and every
 * byte that is not UTF-8, as \xNN (or \uNNNN), and everything else as it is; so twice does no more than once.
 * The first cuts what is too long; the second returns a copy to free, or NULL when out of memory.
 */
void text_clean_into(char *to, size_t size, const char *from);
char *text_clean(const char *from);

/* Print text of many lines, such as a verifier's log: each cleaned, tabs as blanks, `before` in front. */
void text_print_lines(FILE *out, const char *before, const char *text);

#endif
