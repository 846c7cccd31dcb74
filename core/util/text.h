/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A string that grows within a buffer of fixed size and is cut, never overrun. */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stddef.h>

struct text {
	char *at;
	size_t size, used; /* used: without the NUL */
};

/* Append. The string is NUL-terminated from the first call on. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
