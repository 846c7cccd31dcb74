/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What stands between the brackets of a section: "host", "chain NAME" or "slot CHAIN.NUMBER". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/sections.h"
#include "config/text.h"
#include "util/cleanup.h"

static const char *const kinds[] = {
	[SECTION_HOST] = "host",
	[SECTION_CHAIN] = "chain",
	[SECTION_SLOT] = "slot",
};

static int parse_host(char *rest, struct config_header *header, struct xslot_diag *diag)
{
	if (rest[0])
		return fail(diag, -EINVAL, "[host] takes no name; remove \"%s\"", rest);
	return 0;
}

static int parse_chain(char *rest, struct config_header *header, struct xslot_diag *diag)
{
	int r = config_chain_check_name(rest, diag);

	if (r == 0)
		strncpy(header->chain, rest, CONFIG_NAME_MAX);
	return r;
}

static int parse_slot(char *rest, struct config_header *header, struct xslot_diag *diag)
{
	char *number = rest, *chain = strsep(&number, ".");
	int r;

	if (!number)
		return fail(diag, -EINVAL,
			"[slot%s%s] has no chain and number; write it as in [slot edge.10]",
			chain[0] ? " " : "", chain);
	r = parse_chain(chain, header, diag);
	if (r == 0)
		r = config_slot_number(number, &header->number, diag);
	return r;
}

static int refuse_kind(const char *kind, const char *name, struct xslot_diag *diag)
{
	const char *nearest = text_nearest(kind, kinds, SECTION_BAD);
	const char *sections = "[host], [chain NAME] or [slot CHAIN.NUMBER]";

	if (nearest)
		return fail(diag, -EINVAL, "[%s] is not a section; did you mean %s? The sections are %s",
			name, nearest, sections);
	return fail(diag, -EINVAL, "[%s] is not a section; the sections are %s", name, sections);
}

int config_header_parse(const char *name, struct config_header *ret_header, struct xslot_diag *diag)
{
	static int (*const parsers[])(char *, struct config_header *, struct xslot_diag *) = {
		[SECTION_HOST] = parse_host,
		[SECTION_CHAIN] = parse_chain,
		[SECTION_SLOT] = parse_slot,
	};
	CLEANUP(free) char *copy = strdup(name);
	struct config_header header = {};
	char *rest = copy, *kind = copy ? strsep(&rest, " \t") : NULL;
	int r;

	if (!kind)
		return fail(diag, -ENOMEM, "out of memory");

	while (header.kind < SECTION_BAD && strcmp(kinds[header.kind], kind) != 0)
		header.kind++;
	if (header.kind == SECTION_BAD)
		return refuse_kind(kind, name, diag);
	rest = rest ? rest + strspn(rest, " \t") : kind + strlen(kind);
	r = parsers[header.kind](rest, &header, diag);
	if (r == 0)
		*ret_header = header;
	return r;
}
