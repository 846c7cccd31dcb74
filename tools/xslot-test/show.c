/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "show.h"

#include <string.h>

static const char *const actions[XSLOT_ACTIONS] = { "aborted", "drop", "pass", "tx", "redirect" };

void show_verdict(const struct rig *rig, bool whole, const struct rig_result *result,
	char ret_text[static SHOW_VERDICT])
{
	const char *action = actions[result->verdict];
	char by[32] = "";

	if (result->decider < 0) {
		snprintf(ret_text, SHOW_VERDICT, "%s%s", whole ? action : "next",
			whole ? ", the chain's final" : "");
		return;
	}
	if (rig->n_slots > 1)
		snprintf(by, sizeof(by), " by %u", rig->slots[result->decider].number);
	if (result->returned < XSLOT_ACTIONS && result->reason)
		snprintf(ret_text, SHOW_VERDICT, "%s%s, reason %u", action, by, result->reason);
	else if (result->returned < XSLOT_ACTIONS)
		snprintf(ret_text, SHOW_VERDICT, "%s%s", action, by);
	else
		snprintf(ret_text, SHOW_VERDICT, "%s%s: it returned %u, which is not a verdict", action, by,
			result->returned);
}

static void show_row(const uint8_t *bytes, size_t from, size_t to, FILE *out)
{
	for (size_t i = from; i < to; i++)
		fprintf(out, " %02x", bytes[i]);
}

static void show_metadata(const struct packet *packet, FILE *out)
{
	if (!packet->n_metadata)
		return;
	fputs("metadata:", out);
	show_row(packet->metadata, 0, packet->n_metadata, out);
	fputc('\n', out);
}

static void show_all(const struct packet *before, const struct packet *after, FILE *out)
{
	fprintf(out, "%zu bytes, were %zu\n", after->size, before->size);
	for (size_t i = 0; i < after->size; i += 16) {
		fprintf(out, "%04zu:", i);
		show_row(after->bytes, i, i + 16 < after->size ? i + 16 : after->size, out);
		fputc('\n', out);
	}
}

bool show_is_changed(const struct packet *before, const struct packet *after)
{
	return after->n_metadata || after->size != before->size ||
	       memcmp(after->bytes, before->bytes, before->size) != 0;
}

void show_changes(const struct packet *before, const struct packet *after, FILE *out)
{
	size_t end;

	show_metadata(after, out);
	if (before->size != after->size) {
		show_all(before, after, out);
		return;
	}
	for (size_t i = 0; i < after->size; i = end) {
		end = i + 1;
		if (before->bytes[i] == after->bytes[i])
			continue;
		while (end < after->size && end - i < 16 && before->bytes[end] != after->bytes[end])
			end++;
		if (end == i + 1)
			fprintf(out, "byte %zu:", i);
		else
			fprintf(out, "bytes %zu to %zu:", i, end - 1);
		show_row(after->bytes, i, end, out);
		fputs(end == i + 1 ? ", was" : ", were", out);
		show_row(before->bytes, i, end, out);
		fputc('\n', out);
	}
}
