/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Below host/ nothing logs. A function that fails writes one sentence where it knows most about the failure,
 * and every layer above passes the error on unchanged, at most adding on whose behalf it acted. So log, CLI
 * and tests show the same words.
 */
#include "util/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/text.h"

void xslot_diag_clear(struct xslot_diag *diag)
{
	if (!diag)
		return;
	free(diag->log);
	diag->log = NULL;
	diag->message[0] = 0;
}

/* What every sentence about a lack of descriptors ends with: by that they are known, see report_take(). */
static bool lacks_descriptors(const char *message)
{
	return strstr(message, "RLIMIT_NOFILE") || strstr(message, "fs.file-max");
}

/* Whatever was tried, the same helps; and no sentence says it twice. */
static void add_advice(struct xslot_diag *diag, int error)
{
	size_t used = strlen(diag->message);

	if (!lacks_descriptors(diag->message))
		descriptors_advice(error, diag->message + used, sizeof(diag->message) - used);
}

int fail(struct xslot_diag *diag, int error, const char *format, ...)
{
	char text[sizeof(diag->message)];
	va_list args;

	if (!diag)
		return error;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean_into(diag->message, sizeof(diag->message), text);
	if (error == -EMFILE || error == -ENFILE)
		add_advice(diag, error);
	return error;
}

int fail_within(struct xslot_diag *diag, int error, const char *format, ...)
{
	char inner[sizeof(diag->message)], context[sizeof(diag->message)];
	struct text all = { .at = diag ? diag->message : NULL, .size = sizeof(diag->message) };
	va_list args;

	if (!diag)
		return error;
	memcpy(inner, diag->message, sizeof(inner));
	va_start(args, format);
	vsnprintf(context, sizeof(context), format, args);
	va_end(args);
	text_clean_into(diag->message, sizeof(diag->message), context);
	all.used = strlen(diag->message);
	text_add(&all, ": %s", inner);
	return error;
}

/* As far as there is room and memory; takes `log` over. */
static void keep(
	struct report_error **list, size_t *n, const char *file, unsigned line, const char *text, char *log)
{
	CLEANUP(free) char *message = NULL, *name = NULL, *owned_log = log;
	struct report_error *grown;

	if (*n == REPORT_KEPT_MAX || !text)
		return;
	message = text_clean(text);
	name = file ? strdup(file) : NULL;
	grown = reallocarray(*list, *n + 1, sizeof(*grown));
	if (grown)
		*list = grown;
	if (!grown || !message || (file && !name))
		return;
	grown[(*n)++] = (struct report_error){
		.file = TAKE_PTR(name),
		.line = line,
		.message = TAKE_PTR(message),
		.log = TAKE_PTR(owned_log),
	};
}

/* Whatever there is no room or no memory for is counted: it is an error all the same. */
static int report_append(struct report *report, const char *file, unsigned line, const char *text, char *log)
{
	if (report->no_descriptors) {
		free(log);
		return -EINVAL;
	}
	report->n_errors++;
	keep(&report->errors, &report->n_kept, file, line, text, log);
	return -EINVAL;
}

void report_warn(struct report *report, const char *file, unsigned line, const char *format, ...)
{
	CLEANUP(free) char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	keep(&report->warnings, &report->n_warnings, file, line, message, NULL);
}

int report_add(struct report *report, const char *file, unsigned line, const char *format, ...)
{
	CLEANUP(free) char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	return report_append(report, file, line, message, NULL);
}

int report_take(struct report *report, const char *file, unsigned line, struct xslot_diag *diag)
{
	int r = report_append(report, file, line, diag->message, TAKE_PTR(diag->log));

	report->no_descriptors |= lacks_descriptors(diag->message);
	xslot_diag_clear(diag);
	return r;
}

size_t report_more(const struct report *report)
{
	return report->n_errors - report->n_kept;
}

static void drop(struct report_error *list, size_t *n, size_t left)
{
	for (; *n > left; (*n)--) {
		free(list[*n - 1].file);
		free(list[*n - 1].message);
		free(list[*n - 1].log);
	}
}

void report_cut(struct report *report, size_t n)
{
	drop(report->errors, &report->n_kept, n);
	drop(report->warnings, &report->n_warnings, 0);
	if (report->n_errors > n) {
		report->n_errors = n;
		report->no_descriptors = false;
	}
}

void report_clear(struct report *report)
{
	report_cut(report, 0);
	free(report->errors);
	free(report->warnings);
	*report = (struct report){};
}

char *report_format(const struct report_error *error)
{
	CLEANUP(free) char *text = NULL;
	int n;

	if (!error->file)
		return text_clean(error->message);
	if (error->line)
		n = asprintf(&text, "%s:%u: %s", error->file, error->line, error->message);
	else
		n = asprintf(&text, "%s: %s", error->file, error->message);
	if (n < 0)
		text = NULL;
	return text ? text_clean(text) : NULL;
}
