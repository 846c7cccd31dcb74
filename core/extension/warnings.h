/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The text that libbpf would print: captured for the message. */
#ifndef EXTENSION_WARNINGS_H
#define EXTENSION_WARNINGS_H

#include <stddef.h>

/* The warnings between begin and end on this thread, in one line: "elf: …; map 'x': …". Begin with {}. */
struct warnings {
	char text[400];
	size_t used;
};

void warnings_begin(struct warnings *warnings);
void warnings_end(void);

#endif
