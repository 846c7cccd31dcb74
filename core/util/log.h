/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host's log: one line a call on stderr, with journald's <N> priority prefix when stderr is the journal.
 * What a line is about can go beside it, for the journal's fields and for JSON. Only host/ and main.c log.
 * Any thread.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "error", "warning", "info" or "debug" to a level; -EINVAL for any other word. */
int log_level_parse(const char *word, enum log_level *ret_level);

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* "text" or "json"; -EINVAL for any other word. */
int log_format_parse(const char *word, enum log_format *ret_format);
/* From here on; before there is another thread. */
void log_set_format(enum log_format format);

/* What a line is about; NULL where it is about none. */
struct log_about {
	const char *place; /* "edge": a chain; "edge.10": a slot of it; up to the first ':' */
	const char *interface;
	const char *event; /* its kind, where it is an event: see xslotctl(8) */
	const char *by;	   /* who asked for it */
};

/* `about` as names and values, such as "chain" and "edge"; returns how many. */
#define LOG_FIELDS_MAX 5
struct log_field {
	const char *name;
	char value[256];
};
size_t log_fields(const struct log_about *about, struct log_field ret_fields[static LOG_FIELDS_MAX]);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Of one of syslog's priorities. */
enum log_level log_level_of(int priority);

/* One line: control characters in it, line feeds too, are escaped. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_write_about(enum log_level level, const struct log_about *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Each line of `text`, such as a verifier's log, as a line of its own. */
void log_lines(enum log_level level, const char *text);

/* Where lines go in place of stderr; NULL: stderr. For tools that show them otherwise. */
void log_set_sink(void (*sink)(enum log_level level, const char *text));
/*
 * Where lines go in place of stderr when that is the journal and lines are text; it returns whether they did.
 * NULL: to stderr. `priority` is syslog's.
 */
void log_set_journal(bool (*send)(int priority, const struct log_about *about, const char *text));
const char *log_level_name(enum log_level level);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
