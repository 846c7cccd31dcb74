/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * From lines to lists. For each family: sort the rules by prefix, shorter before longer, then by line. That
 * is the order of a walk down the tree of prefixes, so a stack of the enclosing prefixes knows each prefix's
 * parent, and the parent's list is finished when the child's last entry is set to point to it.
 *
 * A rule that can never decide, because an earlier one at its prefix matches everything that it matches, gets
 * no entry. A rule without a protocol ends its list: no shorter prefix is ever consulted. Because of
 * fragments a rule "allow … tcp 80" does not make a later "deny … tcp 80" dead: the former does not match a
 * later fragment. On IPv6 that is also true for "allow … tcp".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flatten.h"

/* An open prefix of the walk. */
struct open {
	const struct rule *rule; /* one of its rules, for address and length */
	uint32_t first;
	unsigned depth; /* entries from `first` to the list's end */
};

enum cover { COVER_NOT, COVER_BUT_FRAGMENTS, COVER_ALL };

/* What earlier rules leave of one. */
struct cover_note {
	bool seen;
	enum cover cover;
	unsigned by_line;
};

struct walk {
	const struct rules *rules;
	struct flat *flat;
	struct xslot_file *file;
	bool ipv6;
	struct cover_note *notes; /* of each rule */
	const struct rule **sorted;
	size_t n_sorted;
	struct open stack[130];
	unsigned n_stack;
};

static int compare_rules(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left, *b = *(const struct rule *const *)right;
	int order = memcmp(a->address, b->address, sizeof(a->address));

	if (order)
		return order;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool same_prefix(const struct rule *a, const struct rule *b)
{
	return a->length == b->length && !memcmp(a->address, b->address, sizeof(a->address));
}

static bool contains(const struct rule *outer, const struct rule *inner)
{
	unsigned bytes = outer->length / 8, bits = outer->length % 8;

	if (outer->length > inner->length || memcmp(outer->address, inner->address, bytes) != 0)
		return false;
	return !bits || !((outer->address[bytes] ^ inner->address[bytes]) >> (8 - bits));
}

/* What of the packets that `later` matches does `earlier`, of the same prefix, match? */
static enum cover covers(const struct rule *earlier, const struct rule *later, bool ipv6)
{
	if (earlier->any_protocol)
		return COVER_ALL;
	if (later->any_protocol || earlier->protocol != later->protocol)
		return COVER_NOT;
	if (earlier->has_ports && (!later->has_ports || earlier->port_low > later->port_low ||
					  earlier->port_high < later->port_high))
		return COVER_NOT;
	if (later->deny && !earlier->deny && (ipv6 || earlier->has_ports))
		return COVER_BUT_FRAGMENTS;
	return COVER_ALL;
}

/* The most that one of the `n` rules in front of `rule` covers of it, and in which line. */
static enum cover find_cover(struct walk *walk, const struct rule **listed, unsigned n,
	const struct rule *rule, unsigned *ret_line)
{
	enum cover most = COVER_NOT, cover;

	for (unsigned i = 0; i < n && most != COVER_ALL; i++) {
		cover = covers(listed[i], rule, walk->ipv6);
		if (cover <= most)
			continue;
		most = cover;
		*ret_line = listed[i]->line;
	}
	return most;
}

/* A rule for `any` stands in both families: it is as alive as in the one where it is more so. */
static void note_cover(struct walk *walk, const struct rule *rule, enum cover cover, unsigned by_line)
{
	struct cover_note *note = &walk->notes[rule - walk->rules->rules];

	if (note->seen && note->cover <= cover)
		return;
	*note = (struct cover_note){ .seen = true, .cover = cover, .by_line = by_line };
}

static void sum_up(const struct walk *walk, enum cover cover, struct flat_shadowed *ret)
{
	for (size_t i = 0; i < walk->rules->n_rules; i++) {
		if (!walk->notes[i].seen || walk->notes[i].cover != cover || ret->n++)
			continue;
		ret->line = walk->rules->rules[i].line;
		ret->by_line = walk->notes[i].by_line;
	}
}

static void too_many(struct walk *walk, const struct rule *rule, unsigned parent_depth)
{
	char address[INET6_ADDRSTRLEN];

	if (walk->ipv6 && !rule->family)
		return;
	inet_ntop(walk->ipv6 ? AF_INET6 : AF_INET, rule->address, address, sizeof(address));
	xslot_file_error_at(walk->file, rule->line,
		"too many rules apply at %s/%u: at most %d may, and %u of them come from shorter prefixes",
		address, rule->length, ACL_MAX_EFFECTIVE, parent_depth);
}

static struct acl_entry entry_of(const struct rule *rule)
{
	return (struct acl_entry){
		.key = rule->key,
		.port_low = rule->port_low,
		.port_span = rule->port_high - rule->port_low,
		.word = ACL_PROTOCOL(rule->protocol) | (rule->any_protocol ? ACL_ALWAYS : 0) |
			(rule->has_ports && !rule->deny ? ACL_NO_LATER_FRAGMENT : 0) |
			(rule->deny ? ACL_DENIES : 0),
	};
}

/* Entries for the rules of one prefix, `n` of them from `rules` on, one after the other. Returns how many. */
static unsigned add_rules(struct walk *walk, const struct rule **rules, size_t n, unsigned parent_depth)
{
	struct flat *flat = walk->flat;
	struct acl_entry *entries = &flat->entries[flat->n_entries];
	const struct rule *listed[ACL_MAX_EFFECTIVE];
	unsigned n_entries = 0, by_line = 0, inherited;
	enum cover cover;

	for (size_t i = 0; i < n; i++) {
		cover = find_cover(walk, listed, n_entries, rules[i], &by_line);
		note_cover(walk, rules[i], cover, by_line);
		if (cover == COVER_ALL)
			continue;
		inherited = rules[i]->any_protocol ? 0 : parent_depth;
		if (n_entries + inherited >= ACL_MAX_EFFECTIVE) {
			too_many(walk, rules[i], inherited);
			break;
		}
		listed[n_entries] = rules[i];
		entries[n_entries++] = entry_of(rules[i]);
		entries[n_entries - 1].word |= (uint32_t)++flat->n_entries;
	}
	return n_entries;
}

/* One prefix, with the rules walk->sorted[begin] to [end - 1]: its list goes on with its parent's. */
static void add_prefix(struct walk *walk, size_t begin, size_t end)
{
	const struct rule *rule = walk->sorted[begin];
	struct flat_family *family = &walk->flat->family[walk->ipv6];
	struct flat_prefix *prefix = &family->prefixes[family->n_prefixes++];
	struct open parent = {}, open = { .rule = rule, .first = (uint32_t)walk->flat->n_entries };
	struct acl_entry *last;
	bool inherits;

	while (walk->n_stack && !contains(walk->stack[walk->n_stack - 1].rule, rule))
		walk->n_stack--;
	if (walk->n_stack)
		parent = walk->stack[walk->n_stack - 1];
	open.depth = add_rules(walk, &walk->sorted[begin], end - begin, parent.depth);
	if (!open.depth) { /* too many above already, and told */
		open = parent;
		open.rule = rule;
	} else {
		last = &walk->flat->entries[walk->flat->n_entries - 1];
		inherits = !(last->word & ACL_ALWAYS);
		last->word = (last->word & ~ACL_NEXT) | (inherits ? parent.first : 0);
		open.depth += inherits ? parent.depth : 0;
	}
	walk->stack[walk->n_stack++] = open;
	prefix->length = rule->length;
	prefix->first = open.first;
	memcpy(prefix->address, rule->address, sizeof(prefix->address));
}

static void flatten_family(struct walk *walk)
{
	const struct rules *rules = walk->rules;
	uint8_t other = walk->ipv6 ? 4 : 6;
	size_t begin, end;

	walk->n_sorted = 0;
	walk->n_stack = 0;
	for (size_t i = 0; i < rules->n_rules; i++)
		if (rules->rules[i].family != other)
			walk->sorted[walk->n_sorted++] = &rules->rules[i];
	qsort(walk->sorted, walk->n_sorted, sizeof(*walk->sorted), compare_rules);
	for (begin = 0; begin < walk->n_sorted; begin = end) {
		for (end = begin + 1; end < walk->n_sorted; end++)
			if (!same_prefix(walk->sorted[begin], walk->sorted[end]))
				break;
		add_prefix(walk, begin, end);
	}
}

int flatten(const struct rules *rules, struct flat **ret_flat, struct xslot_file *file)
{
	struct flat *flat = calloc(1, sizeof(*flat));
	struct walk walk = { .rules = rules, .flat = flat, .file = file };
	size_t n = rules->n_rules;

	walk.sorted = calloc(n + 1, sizeof(*walk.sorted));
	walk.notes = calloc(n + 1, sizeof(*walk.notes));
	if (flat) {
		flat->entries = calloc(2 * n + 1, sizeof(*flat->entries));
		flat->family[0].prefixes = calloc(n + 1, sizeof(*flat->family[0].prefixes));
		flat->family[1].prefixes = calloc(n + 1, sizeof(*flat->family[1].prefixes));
		flat->n_entries = 1;
	}
	if (!walk.sorted || !walk.notes || !flat || !flat->entries || !flat->family[0].prefixes ||
		!flat->family[1].prefixes) {
		free(walk.sorted);
		free(walk.notes);
		flat_free(flat);
		return -ENOMEM;
	}
	flatten_family(&walk);
	walk.ipv6 = true;
	flatten_family(&walk);
	sum_up(&walk, COVER_ALL, &flat->dead);
	sum_up(&walk, COVER_BUT_FRAGMENTS, &flat->partly);
	free(walk.sorted);
	free(walk.notes);
	*ret_flat = flat;
	return 0;
}

void flat_free(struct flat *flat)
{
	if (!flat)
		return;
	free(flat->entries);
	free(flat->family[0].prefixes);
	free(flat->family[1].prefixes);
	free(flat);
}
