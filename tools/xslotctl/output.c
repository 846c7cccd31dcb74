/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Errors come from the command line, from files and from the host, and leave in one of two forms: sentences
 * for a terminal, or the errors array that scripts get with the same exit code. All of them pass through
 * here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/status.h"
#include "control/status_json.h"
#include "util/cleanup.h"
#include "xslotctl.h"

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int print_json(json_t *object)
{
	json_t *out = json_object();
	int r;

	json_object_set_new(out, "format", json_integer(STATUS_FORMAT));
	json_object_update(out, object);
	r = json_dumpf(out, stdout, JSON_INDENT(2));
	json_decref(object);
	json_decref(out);
	return !r && putchar('\n') != EOF && !fflush(stdout) ? 0 : EXIT_FAILURE;
}

static void print_log(const char *log)
{
	for (const char *line = log; *line;) {
		int length = (int)strcspn(line, "\n");

		fprintf(stderr, "    %.*s\n", length, line);
		line += length + (line[length] == '\n');
	}
}

static void print_error(const json_t *error)
{
	struct report_error place = {
		.file = (char *)json_string_value(json_object_get(error, "file")),
		.line = (unsigned)number_of(error, "line"),
		.message = (char *)text_of(error, "message"),
	};
	CLEANUP(free) char *text = report_format(&place);

	fprintf(stderr, "%s%s\n", place.file ? "" : "xslotctl: ", text ? text : place.message);
	print_log(text_of(error, "log"));
}

int give_up_errors(const struct options *options, int code, json_t *errors)
{
	const json_t *error;
	size_t i;

	if (options->json)
		print_json(json_pack("{s:O}", "errors", errors));
	else
		json_array_foreach(errors, i, error) print_error(error);
	return code;
}

int give_up_report(const struct options *options, int code, const struct report *report)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < report->n_errors; i++) {
		const struct report_error *from = &report->errors[i];
		json_t *error = json_error_at(from->file, from->line, from->message);

		if (from->log)
			json_object_set_new(error, "log", json_text(from->log));
		json_array_append_new(errors, error);
	}
	give_up_errors(options, code, errors);
	json_decref(errors);
	return code;
}

int give_up(const struct options *options, int code, const char *format, ...)
{
	CLEANUP(free) char *message = NULL;
	json_t *errors = json_array();
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	json_array_append_new(errors, json_error_at(NULL, 0, message ? message : "out of memory"));
	give_up_errors(options, code, errors);
	json_decref(errors);
	return code;
}
