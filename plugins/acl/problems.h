/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors in a rules file. */
#ifndef ACL_PROBLEMS_H
#define ACL_PROBLEMS_H

#include <stddef.h>
#include <xslot/plugin.h>

#define PROBLEMS_SHOWN 100

/* Errors of a file go to the host as they are found: the first hundred, then how many more there are. */
struct problems {
	struct xslot_context *context;
	size_t n;
};

/* `line` 0 is about the whole file. */
void problem(struct problems *problems, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Returns 0 when there was no problem, else -EINVAL. */
int problems_finish(const struct problems *problems);

#endif
