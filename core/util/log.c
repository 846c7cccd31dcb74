/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"
#include "util/text.h"

static const char *const names[] = { "error", "warning", "info", "debug" };
static const int priorities[] = { 3, 4, 6, 7 };
static _Atomic enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format format;
static bool (*journal)(int priority, const struct log_about *about, const char *text);
static void (*sink)(enum log_level level, const char *text);

int log_level_parse(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_level_of(int priority)
{
	return priority <= 3   ? LOG_LEVEL_ERROR
	       : priority <= 5 ? LOG_LEVEL_WARNING
	       : priority == 6 ? LOG_LEVEL_INFO
			       : LOG_LEVEL_DEBUG;
}

enum log_level log_get_level(void)
{
	return threshold;
}

void log_set_sink(void (*new_sink)(enum log_level level, const char *text))
{
	sink = new_sink;
}

const char *log_level_name(enum log_level level)
{
	return names[level];
}

int log_format_parse(const char *word, enum log_format *ret_format)
{
	if (strcmp(word, "text") != 0 && strcmp(word, "json") != 0)
		return -EINVAL;
	*ret_format = strcmp(word, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	return 0;
}

void log_set_format(enum log_format new_format)
{
	format = new_format;
}

void log_set_journal(bool (*send)(int priority, const struct log_about *about, const char *text))
{
	journal = send;
}

static size_t add_field(
	struct log_field *fields, size_t n, const char *name, const char *value, size_t length)
{
	char raw[sizeof(fields->value)];

	snprintf(raw, sizeof(raw), "%.*s", (int)length, value);
	fields[n].name = name;
	text_clean_into(fields[n].value, sizeof(fields[n].value), raw);
	return n + 1;
}

size_t log_fields(const struct log_about *about, struct log_field ret_fields[static LOG_FIELDS_MAX])
{
	const char *place = about ? about->place : NULL;
	size_t n = 0, chain = place ? strcspn(place, ".:") : 0;

	if (place)
		n = add_field(ret_fields, n, "chain", place, chain);
	if (place && place[chain] == '.')
		n = add_field(ret_fields, n, "slot", place + chain + 1, strcspn(place + chain + 1, ":"));
	if (about && about->interface)
		n = add_field(ret_fields, n, "interface", about->interface, strlen(about->interface));
	if (about && about->event)
		n = add_field(ret_fields, n, "event", about->event, strlen(about->event));
	if (about && about->by && *about->by)
		n = add_field(ret_fields, n, "by", about->by, strlen(about->by));
	return n;
}

/* The text is clean: of what JSON escapes only these two are left. */
static void print_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void write_json(enum log_level level, const struct log_about *about, const char *text)
{
	struct log_field fields[LOG_FIELDS_MAX];
	size_t n = log_fields(about, fields), size = 0;
	CLEANUP(free) char *line = NULL;
	struct timespec now;
	char second[32];
	struct tm tm;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &tm) || !strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm))
		second[0] = 0;
	fprintf(out, "{\"time\": \"%s.%06ldZ\", \"level\": \"%s\", \"message\": ", second, now.tv_nsec / 1000,
		names[level]);
	print_string(out, text);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, ", \"%s\": ", fields[i].name);
		print_string(out, fields[i].value);
	}
	fputs("}\n", out);
	if (fclose(out) == 0)
		fputs(line, stderr);
}

static void write_clean(enum log_level level, const struct log_about *about, const char *text)
{
	if (sink)
		sink(level, text);
	else if (format == LOG_FORMAT_JSON)
		write_json(level, about, text);
	else if (journal && journal(priorities[level], about, text))
		return;
	else if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", priorities[level], text);
	else
		fprintf(stderr, "%s: %s\n", names[level], text);
}

static void write_args(
	enum log_level level, const struct log_about *about, const char *template, va_list args)
{
	CLEANUP(free) char *raw = NULL, *text = NULL;

	if (level > threshold)
		return;
	if (vasprintf(&raw, template, args) < 0) {
		raw = NULL;
		return;
	}
	text = text_clean(raw);
	if (text)
		write_clean(level, about, text);
}

void log_write(enum log_level level, const char *template, ...)
{
	va_list args;

	va_start(args, template);
	write_args(level, NULL, template, args);
	va_end(args);
}

void log_write_about(enum log_level level, const struct log_about *about, const char *template, ...)
{
	va_list args;

	va_start(args, template);
	write_args(level, about, template, args);
	va_end(args);
}

void log_lines(enum log_level level, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		log_write(level, "  %.*s", length, text);
		text += length + (text[length] == '\n');
	}
}
