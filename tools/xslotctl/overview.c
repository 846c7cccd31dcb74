/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain in one line, for many chains on one screen. Its verdicts are those of all its slots; FINAL is the
 * rest: packets that no slot decided, which got the chain's final verdict, or on_gap. So the columns after
 * PACKETS add up to it.
 */
#include "overview.h"

#include <stdio.h>
#include <string.h>

#include "table.h"
#include "xslotctl.h"

static const char *const verdicts[] = { "pass", "drop", "tx", "redirect", "aborted" };

#define N_VERDICTS (sizeof(verdicts) / sizeof(*verdicts))

struct sum {
	json_int_t packets;
	bool known; /* each part of it is a number */
};

static void sum_add(struct sum *sum, const json_t *count)
{
	json_int_t more = json_integer_value(count);

	sum->known &= json_is_integer(count) && more >= 0 &&
		      !__builtin_add_overflow(sum->packets, more, &sum->packets);
}

static void add_sum(struct table *table, struct sum sum)
{
	if (!sum.known)
		table_add(table, "?");
	else
		table_add_count(table, sum.packets > 0 ? (uint64_t)sum.packets : 0);
}

/* "2", or "1 of 2" when not all have the chain. */
static void add_interfaces(struct table *table, const json_t *interfaces)
{
	size_t i, attached = 0, n = json_array_size(interfaces);
	const json_t *interface;

	json_array_foreach(interfaces, i, interface) attached +=
		!strcmp(text_of(interface, "state"), "attached");
	if (attached == n)
		table_add(table, "%zu", n);
	else
		table_add(table, "%zu of %zu", attached, n);
}

static void add_chain(struct table *table, const json_t *chain)
{
	const json_t *slots = json_object_get(chain, "slots"), *slot;
	struct sum sums[N_VERDICTS], packets = { .known = true }, final;
	size_t i, k;

	sum_add(&packets, json_object_get(chain, "packets"));
	final = packets;
	for (k = 0; k < N_VERDICTS; k++) {
		sums[k] = (struct sum){ .known = true };
		json_array_foreach(slots, i, slot)
			sum_add(&sums[k], json_object_get(json_object_get(slot, "verdicts"), verdicts[k]));
		final.known &= sums[k].known &&
			       !__builtin_sub_overflow(final.packets, sums[k].packets, &final.packets);
	}
	table_add(table, "%s", text_of(chain, "name"));
	add_interfaces(table, json_object_get(chain, "interfaces"));
	table_add(table, "%zu", json_array_size(slots));
	table_add(table, "%s",
		json_is_true(json_object_get(chain, "bypass")) ? "bypass" : text_of(chain, "tier"));
	add_sum(table, packets);
	add_sum(table, final);
	for (k = 0; k < N_VERDICTS; k++)
		add_sum(table, sums[k]);
}

void overview_print(const json_t *chains, const char *unit)
{
	static const char *const headings[] = { "CHAIN", "INTERFACES", "SLOTS", "TIER" };
	static const char *const counts[] = { "PACKETS", "FINAL", "PASS", "DROP", "TX", "REDIRECT",
		"ABORTED" };
	struct table table = { .align = "lrrlrrrrrrr", .spare = "dc#" };
	const json_t *chain;
	size_t i;

	if (!json_array_size(chains))
		return;
	for (i = 0; i < sizeof(headings) / sizeof(*headings); i++)
		table_add(&table, "%s", headings[i]);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		table_add(&table, "%s%s", counts[i], unit);
	json_array_foreach(chains, i, chain) add_chain(&table, chain);
	table_print(&table, 2);
}
