/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A section [chain NAME]. The kernel's rule for names of interfaces (dev_valid_name) is checked here, because
 * the host would wait silently for a name that can never exist.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/sections.h"
#include "config/text.h"

static int check_interface(const char *name, struct xslot_diag *diag)
{
	if (name[0] == 0)
		return fail(diag, -EINVAL, "has nothing before or after a comma");
	if (strpbrk(name, " \t"))
		return fail(diag, -EINVAL, "\"%s\" contains a blank; separate interfaces with commas", name);
	if (strpbrk(name, "/:") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail(diag, -EINVAL,
			"\"%s\" cannot be the name of an interface; Linux forbids / and :", name);
	if (strpbrk(name, "*?[]%"))
		return fail(diag, -EINVAL,
			"\"%s\" is a pattern, and patterns are not expanded; name each interface", name);
	if (strlen(name) >= IF_NAMESIZE)
		return fail(diag, -EINVAL,
			"\"%s\" has %zu characters; Linux allows at most %d in the name of an interface",
			name, strlen(name), IF_NAMESIZE - 1);
	return 0;
}

static int append_interface(struct config_chain *chain, const char *name, struct config_place place)
{
	struct config_interface interface = { .place = place };

	if (text_set(&interface.name, name) < 0 ||
		array_grow(&chain->interfaces, chain->n_interfaces, sizeof(*chain->interfaces)) < 0) {
		free(interface.name);
		return -ENOMEM;
	}
	chain->interfaces[chain->n_interfaces++] = interface;
	return 0;
}

/* Several lines add up: one line holds no more than a dozen long names. */
static int set_interfaces(
	const struct key *key, void *target, const struct ini_entry *entry, struct xslot_diag *diag)
{
	struct config_chain *chain = target;
	const char *cursor = entry->value;
	char name[INI_VALUE_SIZE];

	if (cursor[0] == 0)
		return fail(diag, -EINVAL, "must be one interface or more, separated by commas");
	while (text_next(&cursor, name, sizeof(name))) {
		int r = check_interface(name, diag);

		if (r < 0)
			return r;
		r = append_interface(chain, name, entry->place);
		if (r < 0)
			return fail(diag, r, "out of memory");
	}
	return 0;
}

static const struct key_word modes[] = { { "native", 0 }, { "generic", 1 }, {} };
static const struct key_word finals[] = { { "pass", XDP_PASS }, { "drop", XDP_DROP }, { "tx", XDP_TX }, {} };
static const struct key_word on_gaps[] = {
	{ "aborted", XDP_ABORTED },
	{ "pass", XDP_PASS },
	{ "drop", XDP_DROP },
	{},
};

static const struct key_word on_detaches[] = { { "attach", 0 }, { "alarm", 1 }, {} };

static const struct key keys[] = {
	{ "interfaces", set_interfaces, .may_repeat = true },
	{ "mode", key_set_flag, offsetof(struct config_chain, generic), modes,
		offsetof(struct config_chain, mode_place) },
	{ "final", key_set_word, offsetof(struct config_chain, final), finals },
	{ "on_gap", key_set_word, offsetof(struct config_chain, on_gap), on_gaps },
	{ "frags", key_set_bool, offsetof(struct config_chain, frags) },
	{ "fuse", key_set_bool, offsetof(struct config_chain, fuse) },
	{ "replace", key_set_bool, offsetof(struct config_chain, replace) },
	{ "on_detach", key_set_flag, offsetof(struct config_chain, only_alarm), on_detaches },
	{ "detach", key_set_bool, offsetof(struct config_chain, detach) },
	{},
};

int config_chain_check_name(const char *name, struct xslot_diag *diag)
{
	size_t length = strlen(name);

	if (length == 0)
		return fail(diag, -EINVAL, "a chain needs a name, as in [chain edge]");
	if (length > CONFIG_NAME_MAX)
		return fail(diag, -EINVAL, "the chain's name has %zu characters, more than the %d allowed",
			length, CONFIG_NAME_MAX);
	for (const char *p = name; *p; p++) {
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_' && *p != '-')
			return fail(diag, -EINVAL,
				"\"%s\" is not a chain's name; use a to z, 0 to 9, _ and -", name);
	}
	return 0;
}

int config_chain_parse(struct config_chain *chain, const char *name, const struct ini_section *section,
	struct report *report)
{
	int r;

	strncpy(chain->name, name, CONFIG_NAME_MAX);
	chain->final = XDP_PASS;
	chain->on_gap = XDP_ABORTED;
	chain->fuse = true;
	chain->place = chain->mode_place = section->place;
	r = keys_set(keys, section, chain, NULL, report);
	if (!keys_find(section, "interfaces") && !chain->detach && !section->broken)
		r = report_add(report, section->place.file, section->place.line,
			"chain %s has no interfaces, so it would never see a packet; add interfaces = NAME or remove the chain",
			name);
	return r;
}

void config_chain_deinit(struct config_chain *chain)
{
	for (size_t i = 0; i < chain->n_interfaces; i++)
		free(chain->interfaces[i].name);
	for (size_t i = 0; i < chain->n_slots; i++)
		config_slot_deinit(&chain->slots[i]);
	free(chain->interfaces);
	free(chain->slots);
}
