/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf returns an errno and prints the reason: to stderr, unless the process has set another function, for
 * the whole process. A library should not print, and should not change that function permanently, but it
 * needs the reason for its own message. So it replaces the function during each of our calls. What other
 * threads print meanwhile goes where it went before. Several of our threads may be here at the same time: the
 * first one sets the function, the last one restores it.
 */
#include "extension/warnings.h"

#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static libbpf_print_fn_t previous;
static __thread struct warnings *mine;

/* Lines that only say that something is tried again, or that what was said before is why it failed. */
static bool is_filler(const struct warnings *warnings, const char *text)
{
	return strstr(text, "Retrying without BTF") ||
	       (warnings->used && strncmp(text, "failed to load object", 21) == 0);
}

static void append(struct warnings *warnings, const char *format, va_list args)
{
	char line[256];
	const char *text = line;

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	if (strncmp(text, "libbpf: ", 8) == 0)
		text += 8;
	if (*text && text[strlen(text) - 1] == '.')
		line[strlen(line) - 1] = 0;
	if (!*text || is_filler(warnings, text) || warnings->used + strlen(text) + 3 > sizeof(warnings->text))
		return;
	warnings->used +=
		(size_t)sprintf(warnings->text + warnings->used, "%s%s", warnings->used ? "; " : "", text);
}

static int take_over(enum libbpf_print_level level, const char *format, va_list args)
{
	if (!mine)
		return previous ? previous(level, format, args) : 0;
	if (level == LIBBPF_WARN)
		append(mine, format, args);
	return 0;
}

void warnings_begin(struct warnings *warnings)
{
	mine = warnings;
	pthread_mutex_lock(&lock);
	if (users++ == 0)
		previous = libbpf_set_print(take_over);
	pthread_mutex_unlock(&lock);
}

void warnings_end(void)
{
	libbpf_print_fn_t now;

	pthread_mutex_lock(&lock);
	if (--users == 0) {
		now = libbpf_set_print(previous);
		if (now != take_over) /* the process chose another one meanwhile */
			libbpf_set_print(now);
	}
	pthread_mutex_unlock(&lock);
	mine = NULL;
}
