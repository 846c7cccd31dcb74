/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A page is made before any of it is shown, since its height decides which page is shown. What makes it
 * writes to stdout, as for a pipe; glibc lets stdout be another stream for that time. Text is clean already:
 * the only escapes are our own attributes, which take no room, and every other character takes one column.
 */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/memory.h"

bool style_is_terminal(void)
{
	const char *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;

	return isatty(STDOUT_FILENO) && !dumb;
}

static const char *style(const char *escape)
{
	const char *no_color = getenv("NO_COLOR");

	return style_is_terminal() && !(no_color && *no_color) ? escape : "";
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

struct screen screen_look(void)
{
	struct winsize size = {};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return (struct screen){};
	return (struct screen){ size.ws_col, size.ws_row, style_is_terminal() };
}

char *page_collect(void (*print)(const void *data), const void *data)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = stdout, *memory = memory_must(open_memstream(&text, &size));

	stdout = memory;
	print(data);
	stdout = out;
	if (fclose(memory) || !text)
		memory_out();
	return text;
}

/* The length of an attribute, "\033[1;31m", or of one character; `ret_width` is the columns that it takes. */
static size_t step(const char *at, unsigned *ret_width)
{
	size_t n = 1;

	*ret_width = *at != '\033';
	if (*at == '\033')
		return strcspn(at, "m\n") + (at[strcspn(at, "m\n")] == 'm');
	while (((unsigned char)at[n] & 0xc0) == 0x80)
		n++;
	return n;
}

unsigned page_height(const char *text, unsigned columns)
{
	unsigned height = 0, column = 0, width;

	for (const char *at = text; *at; at += step(at, &width)) {
		if (*at == '\n') {
			height++;
			column = 0;
			continue;
		}
		step(at, &width);
		if (columns && column + width > columns) {
			height++;
			column = 0;
		}
		column += width;
	}
	return height + (column > 0);
}

/* As much of the line as has room; attributes end with it. Returns where the next line begins. */
static const char *show_line(const char *line, unsigned columns)
{
	unsigned column = 0, width;
	const char *at = line;

	while (*at && *at != '\n') {
		size_t n = step(at, &width);

		if (columns && column + width > columns)
			break;
		fwrite(at, 1, n, stdout);
		column += width;
		at += n;
	}
	fputs(style_end(), stdout);
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

void page_show(const char *text, const struct screen *screen)
{
	unsigned height = page_height(text, 0), row = 0;
	/* The cursor is on the line below the page. */
	unsigned most = screen->rows > 1 ? screen->rows - 1 : screen->rows;
	bool more = most && height > most;

	if (screen->moves)
		fputs("\033[H", stdout);
	while (*text && (!more || row + 1 < most)) {
		text = show_line(text, screen->columns);
		fputs(screen->moves ? "\033[K\n" : "\n", stdout);
		row++;
	}
	if (more)
		printf("… %u more lines%s\n", height - row, screen->moves ? "\033[K" : "");
	if (screen->moves)
		fputs("\033[J", stdout);
}
