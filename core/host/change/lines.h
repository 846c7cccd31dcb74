/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Text, line by line. */
#ifndef HOST_CHANGE_LINES_H
#define HOST_CHANGE_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	char **line;
	size_t n;
	bool beside; /* what runs is another process's: of what was adopted only the pins are known */
};

void lines_add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lines_clear(struct lines *lines);

#endif
