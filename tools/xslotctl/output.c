/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Errors come from the command line, from files and from the host, and are printed in one of two forms:
 * sentences for a terminal, or the errors array that scripts get with the same exit code. All of them pass
 * through here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/status.h"
#include "control/status_json.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "util/text.h"
#include "xslotctl.h"

const char *string_of(const json_t *json)
{
	const char *text = json_string_value(json);

	return text ? text : "";
}

const char *text_of(const json_t *object, const char *key)
{
	return string_of(json_object_get(object, key));
}

json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

json_t *printable(const json_t *json)
{
	CLEANUP(free) char *text = NULL;
	const json_t *value;
	json_t *out = NULL;
	const char *key;
	size_t i;

	if (json_is_string(json)) {
		text = memory_must(text_clean(json_string_value(json)));
		return json_string(text);
	}
	if (json_is_array(json)) {
		out = json_array();
		json_array_foreach(json, i, value) json_array_append_new(out, printable(value));
		return out;
	}
	if (!json_is_object(json))
		return json_deep_copy(json);
	out = json_object();
	json_object_foreach((json_t *)json, key, value)
	{
		CLEANUP(free) char *clean = memory_must(text_clean(key));

		/* A verifier's log has lines, and is cleaned as it is printed. */
		json_object_set_new(
			out, clean, strcmp(key, "log") ? printable(value) : json_deep_copy(value));
	}
	return out;
}

void print_line(const char *format, ...)
{
	CLEANUP(free) char *raw = NULL, *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&raw, format, args);
	va_end(args);
	if (n < 0)
		raw = NULL;
	text = raw ? text_clean(raw) : NULL;
	puts(text ? text : "out of memory");
}

/* JSON may be on a terminal too, and its writer escapes no more than the standard asks for. */
static void write_escaped(const char *text, FILE *out)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t code = 0;
		size_t n = text_utf8(text, left, &code);

		if (n > 0 && code != '\n' && text_is_control(code))
			fprintf(out, "\\u%04X", code);
		else
			fwrite(text, 1, n ? n : 1, out);
		text += n ? n : 1;
		left -= n ? n : 1;
	}
}

static int print_object(json_t *object, size_t flags)
{
	json_t *out = json_object();
	CLEANUP(free) char *text = NULL;

	json_object_set_new(out, "format", json_integer(STATUS_FORMAT));
	json_object_update(out, object);
	text = json_dumps(out, flags);
	json_decref(object);
	json_decref(out);
	if (!text) {
		fprintf(stderr, "xslotctl: out of memory\n");
		return EXIT_FAILURE;
	}
	write_escaped(text, stdout);
	return putchar('\n') != EOF && !ferror(stdout) && !fflush(stdout) ? 0 : EXIT_FAILURE;
}

int print_json(json_t *object)
{
	return print_object(object, JSON_INDENT(2));
}

int print_json_line(json_t *object)
{
	return print_object(object, JSON_COMPACT);
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
	text_print_lines(stderr, "    ", text_of(error, "log"));
}

int give_up_errors(const struct options *options, int code, json_t *errors, size_t more)
{
	const json_t *error;
	size_t i;

	if (options->json) {
		print_json(json_pack("{s:O, s:I}", "errors", errors, "more_errors", (json_int_t)more));
		return code;
	}
	json_array_foreach(errors, i, error) print_error(error);
	if (more > 0)
		fprintf(stderr, "xslotctl: … and %zu more error%s, not kept\n", more, more == 1 ? "" : "s");
	return code;
}

int give_up_report(const struct options *options, int code, const struct report *report)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < report->n_kept; i++) {
		const struct report_error *from = &report->errors[i];
		json_t *error = json_error_at(from->file, from->line, from->message);

		if (from->log)
			json_object_set_new(error, "log", json_text(from->log));
		json_array_append_new(errors, error);
	}
	give_up_errors(options, code, errors, report_more(report));
	json_decref(errors);
	return code;
}

void print_warnings(const struct report *report)
{
	for (size_t i = 0; i < report->n_warnings; i++) {
		CLEANUP(free) char *text = report_format(&report->warnings[i]);

		fprintf(stderr, "xslotctl: WARNING: %s\n", text ? text : report->warnings[i].message);
	}
}

int give_up(const struct options *options, int code, const char *format, ...)
{
	CLEANUP(free) char *raw = NULL, *message = NULL;
	json_t *errors = json_array();
	va_list args;

	va_start(args, format);
	if (vasprintf(&raw, format, args) < 0)
		raw = NULL;
	va_end(args);
	message = raw ? text_clean(raw) : NULL;
	json_array_append_new(errors, json_error_at(NULL, 0, message ? message : "out of memory"));
	give_up_errors(options, code, errors, 0);
	json_decref(errors);
	return code;
}
