/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host's log: one line a call on stderr, with journald's <N> priority prefix when stderr is the journal.
 * Only host/ and main.c log. Any thread.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "error", "warning", "info" or "debug" to a level; -EINVAL for any other word. */
int log_level_parse(const char *word, enum log_level *ret_level);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Of one of syslog's priorities. */
enum log_level log_level_of(int priority);

/* One line: control characters in it, line feeds too, are escaped. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Each line of `text`, such as a verifier's log, as a line of its own. */
void log_lines(enum log_level level, const char *text);

/* Where lines go in place of stderr; NULL: stderr. For tools that show them otherwise. */
void log_set_sink(void (*sink)(enum log_level level, const char *text));
const char *log_level_name(enum log_level level);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
