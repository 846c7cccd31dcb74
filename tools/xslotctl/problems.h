/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What in a status worries, judged once: for `health`, for `status --problems` and for what a screen shows.
 */
#ifndef XSLOTCTL_PROBLEMS_H
#define XSLOTCTL_PROBLEMS_H

#include <jansson.h>

/* The exit codes that Nagios gave its plugins, and that all monitors understand. */
enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_UNKNOWN };

/* "ok", "warning", "critical", "unknown". */
const char *level_name(enum level level);

struct problems {
	enum level level; /* the worst */
	json_t *list; /* of objects: level; chain, or null; message; detail, what more is known, or null */
};

/* `chain` and `detail` may be NULL; "" is no detail. */
void problem_add(struct problems *problems, enum level level, const char *chain, const char *detail,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* All of a status: of its chains, and of its host when it has one. */
void problems_find(struct problems *problems, const json_t *status);

/* A line each to stdout, the worst first: "CRITICAL edge is bypassed, …". Lines are escaped. */
void problems_print(const json_t *list);

#endif
