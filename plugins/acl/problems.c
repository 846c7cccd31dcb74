/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "problems.h"

#include <errno.h>
#include <stdarg.h>

void problem(struct problems *problems, unsigned line, const char *format, ...)
{
	struct xslot_context *context = problems->context;
	va_list args;

	if (problems->n++ >= PROBLEMS_SHOWN)
		return;
	va_start(args, format);
	context->host->error(context, "rules", line, format, args);
	va_end(args);
}

int problems_finish(const struct problems *problems)
{
	if (problems->n > PROBLEMS_SHOWN)
		xslot_error(problems->context, "rules", 0, "%zu more errors, after the first %d",
			problems->n - PROBLEMS_SHOWN, PROBLEMS_SHOWN);
	return problems->n ? -EINVAL : 0;
}
