/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Other people's scripts rely on the keys: each is written here once, in the order that a reader wants.
 * jansson's format strings would be shorter, but nothing checks them: with a format letter that is too short
 * for a 64-bit number they read the wrong argument. The _new setters take ownership of the value and refuse
 * NULL, so that one failed allocation anywhere makes the whole result NULL.
 */
#include "control/status_json.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

#define LOG_MAX (256 * 1024) /* of a verifier's log: its end, where the refusal is */

/*
 * An object or array under construction; `failed` collects what the setters return, and ends every loop: a
 * status of megabytes must not be built on after the allocation that failed.
 */
struct builder {
	json_t *json;
	int failed;
};

static void put(struct builder *to, const char *key, json_t *value)
{
	to->failed |= json_object_set_new(to->json, key, value);
}

static void put_text(struct builder *to, const char *key, const char *text)
{
	put(to, key, json_text(text));
}

/* Counters stay below 2^63: at 100 million packets a second, for 2,900 years. */
static void put_number(struct builder *to, const char *key, uint64_t number)
{
	put(to, key, json_integer((json_int_t)number));
}

static void append(struct builder *to, json_t *value)
{
	to->failed |= json_array_append_new(to->json, value);
}

static json_t *finish(struct builder *builder)
{
	if (!builder->failed)
		return builder->json;
	json_decref(builder->json);
	return NULL;
}

static bool is_utf8(const char *text)
{
	size_t left = strlen(text), n = 1;
	uint32_t code;

	for (; left > 0 && n > 0; text += n, left -= n)
		n = text_utf8(text, left, &code);
	return n > 0;
}

json_t *json_text(const char *text)
{
	json_t *json;
	char *clean, *to;

	if (!text)
		return json_null();
	if (is_utf8(text)) /* asked first: without memory json_string() says no more than that it failed */
		return json_string(text);
	clean = to = malloc(3 * strlen(text) + 1);
	if (!clean)
		return NULL;
	for (; *text; text++) {
		if ((unsigned char)*text < 0x80)
			*to++ = *text;
		else
			to = mempcpy(to, "\xef\xbf\xbd", 3);
	}
	*to = 0;
	json = json_string(clean);
	free(clean);
	return json;
}

json_t *json_time(time_t at)
{
	char text[64];
	struct tm tm;

	if (!at || !gmtime_r(&at, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

json_t *json_error_at(const char *file, unsigned line, const char *message)
{
	struct builder error = { json_object() };

	put_text(&error, "file", file);
	put(&error, "line", line ? json_integer(line) : json_null());
	put_text(&error, "message", message);
	return finish(&error);
}

static json_t *log_to_json(const char *log)
{
	size_t length = strlen(log);
	const char *cut = log;

	if (length > LOG_MAX) {
		cut = strchr(log + length - LOG_MAX, '\n');
		cut = cut ? cut + 1 : log + length - LOG_MAX;
	}
	return json_text(cut);
}

static json_t *seconds_or_null(unsigned seconds)
{
	return seconds ? json_integer(seconds) : json_null();
}

json_t *status_reload_to_json(const struct status_reload *reload, bool with_logs)
{
	struct builder out = { json_object() }, changed = { json_array() }, errors = { json_array() };

	for (size_t i = 0; i < reload->n_changed && !changed.failed; i++)
		append(&changed, json_text(reload->changed[i]));
	for (size_t i = 0; i < reload->n_errors && !errors.failed; i++) {
		const struct status_error *from = &reload->errors[i];
		struct builder error = { json_error_at(from->file, from->line, from->message) };

		if (with_logs && from->log)
			put(&error, "log", log_to_json(from->log));
		append(&errors, finish(&error));
	}
	put_text(&out, "result", reload->result);
	put(&out, "at", json_time(reload->at));
	put_number(&out, "duration_us", reload->duration_us);
	put(&out, "changed", finish(&changed));
	put(&out, "errors", finish(&errors));
	put_number(&out, "more_errors", reload->n_more_errors);
	if (with_logs)
		put(&out, "confirm_seconds", seconds_or_null(reload->confirm_seconds));
	return finish(&out);
}

/* The key is the plugin's: any bytes. */
static void put_pair(struct builder *to, const struct status_pair *pair)
{
	json_t *key = json_text(pair->key);

	if (key)
		put_text(to, json_string_value(key), pair->value);
	else
		to->failed = -1;
	json_decref(key);
}

static json_t *maps_to_json(const struct status_slot *slot)
{
	struct builder out = { json_array() };

	for (size_t i = 0; i < slot->n_maps && !out.failed; i++) {
		struct builder map = { json_object() };

		put_text(&map, "name", slot->maps[i].name);
		put_text(&map, "pin", slot->maps[i].pin);
		put_text(&map, "class", slot->maps[i].class);
		put_text(&map, "carried", slot->maps[i].carried);
		append(&out, finish(&map));
	}
	return finish(&out);
}

static json_t *jumps_to_json(const struct status_slot *slot)
{
	struct builder out = { json_array() };

	for (size_t i = 0; i < slot->n_jumps && !out.failed; i++) {
		struct builder jump = { json_object() };

		put_text(&jump, "array", slot->jumps[i].array);
		put_number(&jump, "index", slot->jumps[i].index);
		put_text(&jump, "file", slot->jumps[i].file);
		put_text(&jump, "program", slot->jumps[i].program);
		put_number(&jump, "program_id", slot->jumps[i].program_id);
		append(&out, finish(&jump));
	}
	return finish(&out);
}

static json_t *numbers_to_json(const struct status_said *said)
{
	struct builder out = { json_array() };

	for (size_t i = 0; i < said->n_numbers && !out.failed; i++) {
		const struct status_number *from = &said->numbers[i];
		struct builder number = { json_object() }, labels = { json_object() };

		for (size_t j = 0; j < from->n_labels; j++)
			put_pair(&labels, &from->labels[j]);
		put_text(&number, "name", from->name);
		put_text(&number, "kind", from->kind);
		put_text(&number, "unit", from->unit);
		put(&number, "labels", finish(&labels));
		put(&number, "value", json_integer(from->value));
		append(&out, finish(&number));
	}
	return finish(&out);
}

static json_t *texts_to_json(const struct status_said *said)
{
	struct builder out = { json_object() };

	for (size_t i = 0; i < said->n_texts && !out.failed; i++)
		put_pair(&out, &said->texts[i]);
	return finish(&out);
}

json_t *status_said_to_json(const struct status_said *said)
{
	struct builder out = { json_object() };

	put(&out, "status", texts_to_json(said));
	put(&out, "numbers", numbers_to_json(said));
	return finish(&out);
}

static json_t *slot_to_json(const struct status_slot *slot)
{
	struct builder out = { json_object() }, verdicts = { json_object() };

	put_number(&verdicts, "aborted", slot->aborted);
	put_number(&verdicts, "drop", slot->drop);
	put_number(&verdicts, "pass", slot->pass);
	put_number(&verdicts, "tx", slot->tx);
	put_number(&verdicts, "redirect", slot->redirect);
	put_number(&out, "number", slot->number);
	put_number(&out, "index", slot->index);
	put_text(&out, "plugin", slot->plugin);
	put_text(&out, "version", slot->version);
	put_text(&out, "bank", slot->bank);
	put_text(&out, "tier", slot->tier);
	put_number(&out, "program_id", slot->program_id);
	put_text(&out, "state", slot->state);
	put_number(&out, "seen", slot->seen);
	put_number(&out, "proceeded", slot->proceeded);
	put(&out, "verdicts", finish(&verdicts));
	put(&out, "maps", maps_to_json(slot));
	put(&out, "jumps", jumps_to_json(slot));
	put(&out, "status", texts_to_json(&slot->said));
	put(&out, "numbers", numbers_to_json(&slot->said));
	put(&out, "status_age", slot->status_age < 0 ? json_null() : json_integer(slot->status_age));
	put(&out, "since", json_time(slot->since));
	return finish(&out);
}

static json_t *interface_to_json(const struct status_interface *interface)
{
	struct builder out = { json_object() };

	put_text(&out, "name", interface->name);
	put_number(&out, "ifindex", interface->ifindex);
	put_text(&out, "mode", interface->mode);
	put_text(&out, "attach", interface->attach);
	put_text(&out, "state", interface->state);
	put_text(&out, "reason", interface->reason);
	return finish(&out);
}

static json_t *chain_to_json(const struct status_chain *chain)
{
	struct builder out = { json_object() }, interfaces = { json_array() }, slots = { json_array() };

	for (size_t i = 0; i < chain->n_interfaces && !interfaces.failed; i++)
		append(&interfaces, interface_to_json(&chain->interfaces[i]));
	for (size_t i = 0; i < chain->n_slots && !slots.failed; i++)
		append(&slots, slot_to_json(&chain->slots[i]));
	put_text(&out, "name", chain->name);
	put_number(&out, "generation", chain->generation);
	put_text(&out, "final", chain->final);
	put_text(&out, "on_gap", chain->on_gap);
	put_text(&out, "on_detach", chain->on_detach);
	put(&out, "bypass", json_boolean(chain->bypass));
	put_number(&out, "gap_packets", chain->gap_packets);
	put_number(&out, "bad_verdicts", chain->bad_verdicts);
	put_text(&out, "tier", chain->tier);
	put_text(&out, "tier_reason", chain->tier_reason);
	put_number(&out, "instructions", chain->instructions);
	put_number(&out, "packets", chain->packets);
	put(&out, "interfaces", finish(&interfaces));
	put(&out, "slots", finish(&slots));
	return finish(&out);
}

static json_t *silenced_to_json(const struct status *status)
{
	struct builder out = { json_array() };

	for (size_t i = 0; i < status->n_silenced && !out.failed; i++) {
		struct builder silence = { json_object() };

		put_text(&silence, "plugin", status->silenced[i].plugin);
		put_text(&silence, "callback", status->silenced[i].callback);
		append(&out, finish(&silence));
	}
	return finish(&out);
}

json_t *status_to_json(const struct status *status)
{
	struct builder out = { json_object() }, chains = { json_array() }, off = { json_array() },
		       quarantined = { json_array() }, host = { json_object() },
		       configuration = { json_object() }, reasons = { json_array() };

	for (size_t i = 0; i < status->n_off && !off.failed; i++)
		append(&off, json_text(status->off[i]));
	for (size_t i = 0; i < status->n_quarantined && !quarantined.failed; i++)
		append(&quarantined, json_text(status->quarantined[i]));
	for (size_t i = 0; i < status->n_chains && !chains.failed; i++)
		append(&chains, chain_to_json(&status->chains[i]));
	put_text(&host, "version", status->host.version);
	put_number(&host, "pid", (uint64_t)status->host.pid);
	put(&host, "started", json_time(status->host.started));
	put_number(&host, "reloads", status->host.reloads);
	put_number(&host, "failed_reloads", status->host.failed_reloads);

	put_text(&configuration, "current", status->configuration.current);
	put_text(&configuration, "previous", status->configuration.previous);
	put_text(&configuration, "held", status->configuration.held);
	for (size_t i = 0; i < status->configuration.n_reasons; i++)
		append(&reasons, json_text(status->configuration.reasons[i]));
	put(&configuration, "reasons", finish(&reasons));
	put_text(&configuration, "problem", status->configuration.problem);
	put(&configuration, "confirm_seconds", seconds_or_null(status->configuration.confirm_seconds));

	put_number(&out, "format", STATUS_FORMAT);
	put(&out, "chains", finish(&chains));
	put(&out, "off", finish(&off));
	put(&out, "quarantined", finish(&quarantined));
	put(&out, "silenced", silenced_to_json(status));
	put(&out, "last_reload", status_reload_to_json(&status->last_reload, false));
	put(&out, "host", finish(&host));
	put(&out, "configuration", finish(&configuration));
	return finish(&out);
}
