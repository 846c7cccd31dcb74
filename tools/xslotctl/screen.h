/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The terminal that stdout is: its size, and pages that fit it. */
#ifndef XSLOTCTL_SCREEN_H
#define XSLOTCTL_SCREEN_H

#include <stdbool.h>

struct screen {
	unsigned columns, rows; /* 0: no limit; stdout is not a terminal, or does not know its size */
	bool moves;		/* it understands where to write: a terminal, and not a dumb one */
};

struct screen screen_look(void);

/* Is stdout a terminal that understands more than text? */
bool style_is_terminal(void);

/* Terminal attributes, "" when stdout is no terminal or a dumb one (TERM), or NO_COLOR is set. */
const char *style_bold(void);
const char *style_alarm(void);
const char *style_end(void);

/* What `print` writes to stdout, as text to free. */
char *page_collect(void (*print)(const void *data), const void *data);

/* Lines of a terminal that the text takes, long ones wrapped at `columns` (0: none is long). */
unsigned page_height(const char *text, unsigned columns);

/*
 * Write the text to stdout, over what is on the screen when that can be: lines are cut at its width, and when
 * there are more than rows the last line counts those that are left out. A screen without limits gets all of
 * it.
 */
void page_show(const char *text, const struct screen *screen);

#endif
