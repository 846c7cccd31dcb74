/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Below host/ nothing logs. A function that fails writes one sentence where it knows most about the failure,
 * and every layer above passes the error on unchanged, at most saying on whose behalf it acted. So log, CLI
 * and tests show the same words.
 */
#include "util/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

void xslot_diag_clear(struct xslot_diag *diag)
{
	if (!diag)
		return;
	free(diag->log);
	diag->log = NULL;
	diag->message[0] = 0;
}

int fail(struct xslot_diag *diag, int error, const char *format, ...)
{
	va_list args;

	if (!diag)
		return error;
	va_start(args, format);
	vsnprintf(diag->message, sizeof(diag->message), format, args);
	va_end(args);
	return error;
}

int fail_within(struct xslot_diag *diag, int error, const char *format, ...)
{
	char inner[sizeof(diag->message)];
	va_list args;
	int n;

	if (!diag)
		return error;
	memcpy(inner, diag->message, sizeof(inner));
	va_start(args, format);
	n = vsnprintf(diag->message, sizeof(diag->message), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(diag->message))
		snprintf(diag->message + n, sizeof(diag->message) - n, ": %s", inner);
	return error;
}

static int report_append(struct report *report, const char *file, unsigned line, char *message, char *log)
{
	struct report_error *errors;

	errors = reallocarray(report->errors, report->n_errors + 1, sizeof(*errors));
	if (!errors || !message)
		abort();
	report->errors = errors;
	errors[report->n_errors++] = (struct report_error){
		.file = file ? strdup(file) : NULL,
		.line = line,
		.message = message,
		.log = log,
	};
	return -EINVAL;
}

int report_add(struct report *report, const char *file, unsigned line, const char *format, ...)
{
	char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	return report_append(report, file, line, message, NULL);
}

int report_take(struct report *report, const char *file, unsigned line, struct xslot_diag *diag)
{
	int r = report_append(report, file, line, strdup(diag->message), TAKE_PTR(diag->log));

	xslot_diag_clear(diag);
	return r;
}

void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->n_errors; i++) {
		free(report->errors[i].file);
		free(report->errors[i].message);
		free(report->errors[i].log);
	}
	free(report->errors);
	*report = (struct report){};
}

char *report_format(const struct report_error *error)
{
	char *text = NULL;
	int n;

	if (!error->file)
		return strdup(error->message);
	if (error->line)
		n = asprintf(&text, "%s:%u: %s", error->file, error->line, error->message);
	else
		n = asprintf(&text, "%s: %s", error->file, error->message);
	return n < 0 ? NULL : text;
}
