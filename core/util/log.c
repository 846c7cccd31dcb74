/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

static const char *const names[] = { "error", "warning", "info", "debug" };
static const int priorities[] = { 3, 4, 6, 7 };
static _Atomic enum log_level threshold = LOG_LEVEL_INFO;
static void (*sink)(enum log_level level, const char *text);

int log_level_parse(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_level_of(int priority)
{
	return priority <= 3   ? LOG_LEVEL_ERROR
	       : priority <= 5 ? LOG_LEVEL_WARNING
	       : priority == 6 ? LOG_LEVEL_INFO
			       : LOG_LEVEL_DEBUG;
}

enum log_level log_get_level(void)
{
	return threshold;
}

void log_set_sink(void (*new_sink)(enum log_level level, const char *text))
{
	sink = new_sink;
}

const char *log_level_name(enum log_level level)
{
	return names[level];
}

void log_write(enum log_level level, const char *format, ...)
{
	CLEANUP(free) char *raw = NULL, *text = NULL;
	va_list args;
	int n;

	if (level > threshold)
		return;
	va_start(args, format);
	n = vasprintf(&raw, format, args);
	va_end(args);
	if (n < 0) {
		raw = NULL;
		return;
	}
	text = text_clean(raw);
	if (!text)
		return;
	if (sink)
		sink(level, text);
	else if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", priorities[level], text);
	else
		fprintf(stderr, "%s: %s\n", names[level], text);
}

void log_lines(enum log_level level, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		log_write(level, "  %.*s", length, text);
		text += length + (text[length] == '\n');
	}
}
