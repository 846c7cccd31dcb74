/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A whole rules file, and the names of its counters. A counter belongs to the rule's text, not to its
 * position: its key is a hash of the normalised text. With 64 bits and 100,000 rules, two texts have the same
 * key in one file of 3,000 million; their packets would be counted together, and decided correctly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl.h"
#include "rules.h"

/* FNV-1a with a finishing mix. Counters outlive builds by it: never change it. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93;
	hash ^= hash >> 32;
	return hash == ACL_RETIRED ? 1 : hash;
}

static int compare_keys(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left, *b = *(const struct rule *const *)right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Two lines that say the same are an error at the later one, in order of lines. */
static int report_duplicates(const struct rules *rules, struct xslot_file *file)
{
	const struct rule **first = malloc((rules->n_rules + 1) * sizeof(*first)), *rule, *previous = NULL;
	char text[RULE_TEXT_MAX];

	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n_rules; previous = rule, i++) {
		rule = rules->by_key[i];
		first[rule - rules->rules] =
			previous && previous->key == rule->key ? first[previous - rules->rules] : rule;
	}
	for (size_t i = 0; i < rules->n_rules; i++) {
		rule = &rules->rules[i];
		if (first[i] == rule)
			continue;
		rule_text(rule, text);
		xslot_file_error_at(
			file, rule->line, "\"%s\" is already in line %u: remove one", text, first[i]->line);
	}
	free(first);
	return 0;
}

static int make_keys(struct rules *rules)
{
	char text[RULE_TEXT_MAX];

	rules->by_key = malloc((rules->n_rules + 1) * sizeof(*rules->by_key));
	if (!rules->by_key)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n_rules; i++) {
		rule_text(&rules->rules[i], text);
		rules->rules[i].key = hash_text(text);
		rules->by_key[i] = &rules->rules[i];
	}
	qsort(rules->by_key, rules->n_rules, sizeof(*rules->by_key), compare_keys);
	return 0;
}

/* All lines into `rules`, which has room for as many as there are lines, or ACL_MAX_RULES. */
static void parse_lines(struct xslot_file *file, struct rules *rules)
{
	struct rule rule;

	while (xslot_file_next(file)) {
		if (!rule_parse(file, &rule))
			continue;
		if (rules->n_rules == ACL_MAX_RULES) {
			xslot_file_error(
				file, "more than %d rules: split the file over two slots", ACL_MAX_RULES);
			return;
		}
		rules->rules[rules->n_rules++] = rule;
	}
}

int rules_parse(struct xslot_file *file, struct rules **ret_rules)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	size_t n_lines = 1;
	int r = -ENOMEM;

	for (const uint8_t *at = file->next; at < file->end && n_lines < ACL_MAX_RULES; at++)
		n_lines += *at == '\n';
	if (rules)
		rules->rules = malloc(n_lines * sizeof(*rules->rules));
	if (rules && rules->rules) {
		parse_lines(file, rules);
		r = make_keys(rules);
	}
	if (!r)
		r = report_duplicates(rules, file);
	if (r) {
		rules_free(rules);
		return r;
	}
	*ret_rules = rules;
	return 0;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	free(rules->rules);
	free(rules->by_key);
	free(rules);
}

const struct rule *rules_find(const struct rules *rules, uint64_t key)
{
	size_t low = 0, high = rules->n_rules, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (rules->by_key[middle]->key < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == rules->n_rules || rules->by_key[low]->key != key)
		return NULL;
	return rules->by_key[low];
}
