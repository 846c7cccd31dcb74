/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * inih splits lines into keys and values, and silently accepts what it does not understand: it cuts long
 * lines and names, takes an indented line as a continuation of the value above, keeps only the first syntax
 * error, passes no line numbers to the handler (as Debian builds it) and does not report a section without
 * keys. So a reader of ours feeds it line by line: the reader counts, handles section headers itself, refuses
 * lines that inih would misread and puts an empty line in their place. If inih asks for the next line without
 * having called the handler for a `key = value` line, that is an error too: nothing is skipped silently.
 */
#include "config/ini.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/cleanup.h"
#include "util/text.h"

#define SECTION_NAME_MAX 49 /* inih cuts at its MAX_SECTION */
#define KEY_MAX 31	    /* a parameter's name in xslot/plugin.h */

DEFINE_CLEANUP(struct blob *, blob_free);

struct source {
	struct ini *ini;
	struct report *report;
	const char *file;
	const char *data;
	size_t size;
	size_t offset;
	unsigned line;
	struct ini_section *section; /* NULL before the first header */
	bool skip;    /* the header above was refused, which is error enough: its keys are not looked at */
	bool awaited; /* the handler is due for the line that inih has */
	bool failed;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct source *source, const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = NULL;
	report_add(source->report, source->file, source->line, "%s", text ? text : "out of memory");
	source->failed = true;
	if (source->section)
		source->section->broken = true;
	return false;
}

static bool check_characters(struct source *source, const char *line, size_t length)
{
	const unsigned char *p = (const unsigned char *)line;
	uint32_t code;

	for (size_t i = 0, n; i < length; i += n) {
		n = text_utf8(line + i, length - i, &code);
		if (n == 0)
			return refuse(source,
				"byte %zu of the line, 0x%02x, is not UTF-8; save the file as UTF-8", i + 1,
				p[i]);
		if ((p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
			return refuse(source,
				"byte %zu of the line, 0x%02x, is a control character; remove it", i + 1,
				p[i]);
	}
	return true;
}

static bool is_section_character(char c)
{
	return isalnum((unsigned char)c) || strchr("_-. \t", c);
}

/* `line` begins with a bracket: make a section of it. */
static bool take_header(struct source *source, const char *line, size_t length)
{
	const char *end = memchr(line, ']', length), *name = line + 1, *rest;
	struct ini *ini = source->ini;
	char *copy;
	size_t n;

	if (!end)
		return refuse(source, "the section's name has no end; write ] after it");
	for (rest = end + 1; rest < line + length && isblank((unsigned char)*rest); rest++)
		;
	if (rest < line + length && *rest != ';' && *rest != '#')
		return refuse(source, "\"%.*s\" follows the section's ]; put keys on lines of their own",
			(int)(line + length - rest), rest);
	n = (size_t)(end - name);
	if (n == 0 || isblank((unsigned char)name[0]) || isblank((unsigned char)name[n - 1]))
		return refuse(
			source, "the section's name is empty or has blanks at its ends; write it as [host]");
	if (n > SECTION_NAME_MAX)
		return refuse(source, "the section's name has %zu bytes, more than the %d allowed", n,
			SECTION_NAME_MAX);
	for (const char *p = name; p < end; p++) {
		if (!is_section_character(*p))
			return refuse(source,
				"\"%.*s\" is not a section's name; use letters, digits, _, - and .", (int)n,
				name);
	}
	if (ini->n_sections == INI_SECTIONS_MAX)
		return refuse(source, "this is section number %u, and at most %u are allowed",
			INI_SECTIONS_MAX + 1, INI_SECTIONS_MAX);
	copy = strndup(name, n);
	if (!copy || array_grow(&ini->sections, ini->n_sections, sizeof(*ini->sections)) < 0) {
		free(copy);
		return refuse(source, "out of memory");
	}
	source->section = &ini->sections[ini->n_sections++];
	*source->section = (struct ini_section){ .name = copy, .place = { source->file, source->line } };
	return true;
}

/* May inih have this line? `limit` is the longest that it reads whole. Counts on a header or on a key. */
static bool check_line(struct source *source, const char *line, size_t length, size_t limit)
{
	const char *text = line, *end = line + length, *separator;

	if (memchr(line, 0, length))
		return refuse(source, "the line has a NUL byte; this is not a text file");
	while (text < end && isspace((unsigned char)*text))
		text++;
	if (text == end || *text == ';' || *text == '#')
		return false;
	if (!check_characters(source, line, length))
		return false;
	if (text > line)
		return refuse(source,
			"the line is indented, which other INI readers take as a continuation of the value above; remove the blanks at its start");
	if (length > limit)
		return refuse(source, "the line has %zu bytes, more than the %zu allowed; shorten it", length,
			limit);
	if (*line == '[') {
		source->skip = !take_header(source, line, length);
		source->ini->incomplete |= source->skip;
		return !source->skip;
	}
	for (separator = line; separator < end && *separator != '=' && *separator != ':'; separator++)
		;
	if (separator < end && *separator == ':')
		return refuse(source,
			"a key and its value are separated by =, not by a colon; write %.*s = VALUE",
			(int)(separator - line), line);
	source->awaited = true;
	return true;
}

static void check_answered(struct source *source)
{
	if (source->awaited)
		refuse(source, "the line is neither a [section] nor KEY = VALUE nor a comment (; or #)");
	source->awaited = false;
}

/* fgets for inih: one line, or an empty one in the place of a line that inih shall not see. */
static char *read_line(char *buffer, int size, void *arg)
{
	struct source *source = arg;
	const char *line = source->data + source->offset, *newline;
	size_t left = source->size - source->offset, length;

	check_answered(source);
	if (left == 0 || size < 3)
		return NULL;
	newline = memchr(line, '\n', left);
	length = newline ? (size_t)(newline - line) : left;
	source->offset += length + (newline ? 1 : 0);
	source->line++;
	if (source->line == 1 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		refuse(source, "the file begins with a byte order mark; save it as UTF-8 without one");
		line += 3;
		length -= 3;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (!check_line(source, line, length, (size_t)size - 2))
		length = 0;
	memcpy(buffer, line, length);
	buffer[length] = '\n';
	buffer[length + 1] = 0;
	return buffer;
}

static bool check_key(struct source *source, const char *key)
{
	size_t length = strlen(key);

	if (length == 0)
		return refuse(source, "there is no key before the =");
	for (const char *p = key; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-' && *p != '.')
			return refuse(
				source, "\"%s\" is not a key; a key has letters, digits, '.', _ and -", key);
	}
	if (length > KEY_MAX)
		return refuse(source, "the key %s has %zu characters; no key has more than %d", key, length,
			KEY_MAX);
	return true;
}

/* What inih and the reader of the file may understand differently. */
static bool check_value(struct source *source, const char *key, const char *value)
{
	size_t quotes = 0;

	if (value[0] == ';')
		return refuse(
			source, "the value of %s begins with a semicolon; put a blank before a comment", key);
	for (const char *p = value; *p; p++) {
		quotes += *p == '"';
		if (*p == '#' && (p == value || isblank((unsigned char)p[-1])))
			return refuse(source,
				"the value of %s contains \" #\"; a comment after a value begins with \" ;\"",
				key);
	}
	if (value[0] == '"' || value[0] == '\'' || quotes % 2 == 1)
		return refuse(source,
			"the value of %s is quoted; values are written without quotes, and \" ;\" begins a comment even inside them",
			key);
	return true;
}

static int append_entry(
	struct ini_section *section, const char *key, const char *value, struct config_place place)
{
	struct ini_entry entry = { .place = place };

	if (text_set(&entry.key, key) < 0 || text_set(&entry.value, value) < 0 ||
		array_grow(&section->entries, section->n_entries, sizeof(*section->entries)) < 0) {
		free(entry.key);
		free(entry.value);
		return -ENOMEM;
	}
	section->entries[section->n_entries++] = entry;
	return 0;
}

static int add_entry(void *arg, const char *name, const char *key, const char *value)
{
	struct source *source = arg;
	struct ini_section *section = source->section;

	source->awaited = false;
	if (source->skip)
		return 1;
	if (!section) {
		refuse(source,
			"the key %s comes before the first section; put [host], [chain NAME] or [slot CHAIN.NUMBER] above it",
			key);
		source->skip = source->ini->incomplete = true;
		return 1;
	}
	if (strcmp(name, section->name) != 0) {
		refuse(source, "the INI library reads %s as a key of [%s], not of [%s]", key, name,
			section->name);
		return 1;
	}
	if (!check_key(source, key) || !check_value(source, key, value))
		return 1;
	if (section->n_entries == INI_KEYS_MAX) {
		refuse(source, "[%s] has more than %d keys", section->name, INI_KEYS_MAX);
		source->skip = true;
		return 1;
	}
	if (append_entry(section, key, value, (struct config_place){ source->file, source->line }) < 0) {
		refuse(source, "out of memory");
		source->ini->incomplete = true;
	}
	return 1;
}

int ini_append(struct ini *ini, struct files *files, const char *file, struct report *report)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	struct source source = { .ini = ini, .report = report, .file = file };
	struct xslot_diag diag = {};
	int r;

	if (files_read(files, file, INI_FILE_MAX, &blob, &diag) < 0) {
		ini->incomplete = true;
		fail_within(&diag, -EINVAL, "cannot read the configuration");
		return report_take(report, file, 0, &diag);
	}
	text_warn_cut(report, &(struct config_place){ file, 0 }, "the file", blob);
	source.data = blob->size > 0 ? (const char *)blob->data : "";
	source.size = blob->size;
	r = ini_parse_stream(read_line, &source, add_entry, &source);
	check_answered(&source);
	if (r != 0 && !source.failed)
		return report_add(report, file, r > 0 ? (unsigned)r : 0, "the INI library cannot read %s",
			r > 0 ? "this line" : "the file: no memory");
	return source.failed ? -EINVAL : 0;
}

void ini_deinit(struct ini *ini)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		struct ini_section *section = &ini->sections[i];

		for (size_t k = 0; k < section->n_entries; k++) {
			free(section->entries[k].key);
			free(section->entries[k].value);
		}
		free(section->entries);
		free(section->name);
	}
	free(ini->sections);
	*ini = (struct ini){};
}
