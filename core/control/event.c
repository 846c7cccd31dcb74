/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A line is what a reader gets, so the file can be read without a host. It may have been cut off by a crash,
 * or written by another version: a line counts if it has what an event cannot do without.
 */
#include "control/event.h"

#include <stdlib.h>
#include <string.h>

#include "control/status_json.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(json_t *, json_decref);
DEFINE_CLEANUP(struct event *, event_free);

void event_free(struct event *event)
{
	if (!event)
		return;
	for (size_t i = 0; i < event->n_changed; i++)
		free(event->changed[i]);
	free(event->changed);
	free(event->kind);
	free(event->result);
	free(event->chain);
	free(event->interface);
	free(event->by);
	free(event->message);
	free(event);
}

static int put_texts(json_t *object, const struct event *event)
{
	const struct {
		const char *key, *text;
	} texts[] = { { "kind", event->kind }, { "result", event->result }, { "chain", event->chain },
		{ "interface", event->interface }, { "by", event->by }, { "message", event->message } };
	int failed = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		failed |= json_object_set_new(object, texts[i].key, json_text(texts[i].text));
	return failed;
}

json_t *event_to_json(const struct event *event)
{
	json_t *object = json_object(), *changed = json_array();
	int failed = !object || !changed;

	for (size_t i = 0; i < event->n_changed && !failed; i++)
		failed |= json_array_append_new(changed, json_text(event->changed[i]));
	failed |= json_object_set_new(object, "id", json_integer((json_int_t)event->id));
	failed |= json_object_set_new(object, "at", json_time(event->at));
	failed |= put_texts(object, event);
	failed |= json_object_set(object, "changed", changed);
	json_decref(changed);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

char *event_to_line(const struct event *event)
{
	CLEANUP(json_decref) json_t *json = event_to_json(event);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL, *line;
	size_t length = text ? strlen(text) : 0;

	line = text ? realloc(text, length + 2) : NULL;
	if (!line) {
		free(text);
		return NULL;
	}
	line[length] = '\n';
	line[length + 1] = 0;
	return line;
}

static char *copy(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strdup(text) : NULL;
}

static time_t time_of(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "at"));
	struct tm tm = {};

	return text && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) ? timegm(&tm) : 0;
}

struct event *event_from_line(const char *line, size_t length)
{
	CLEANUP(json_decref) json_t *json = json_loadb(line, length, 0, NULL);
	CLEANUP(event_free) struct event *event = calloc(1, sizeof(*event));
	const json_t *changed = json_object_get(json, "changed");
	json_int_t id = json_integer_value(json_object_get(json, "id"));
	size_t n = json_array_size(changed);

	if (!event || id <= 0)
		return NULL;
	*event = (struct event){ .id = (uint64_t)id,
		.at = time_of(json),
		.kind = copy(json, "kind"),
		.result = copy(json, "result"),
		.chain = copy(json, "chain"),
		.interface = copy(json, "interface"),
		.by = copy(json, "by"),
		.message = copy(json, "message"),
		.changed = calloc(n + 1, sizeof(*event->changed)) };
	if (!event->at || !event->kind || !event->message || !event->changed)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(changed, i));

		event->changed[event->n_changed] = text ? strdup(text) : NULL;
		if (!event->changed[event->n_changed])
			return NULL;
		event->n_changed++;
	}
	return TAKE_PTR(event);
}
