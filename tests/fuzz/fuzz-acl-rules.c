/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as acl's rules file. What was accepted is as many rules as were read, each of which means the
 * same when it is written out and read again; lists lead to entries that are there and come to an end.
 */
#include "acl-host.h"
#include "flatten.h"
#include "fuzz.h"
#include "rules.h"

static void check_rule(const struct rule *rule, struct xslot_context *context)
{
	char text[RULE_TEXT_MAX];
	struct xslot_file file;
	struct rule again;

	rule_text(rule, text);
	xslot_file_begin(&file, context, "rules", (const uint8_t *)text, strlen(text));
	expect(xslot_file_next(&file) && rule_parse(&file, &again), "a rule written out is a rule");
	expect(again.family == rule->family && again.length == rule->length &&
			memcmp(again.address, rule->address, sizeof(rule->address)) == 0 &&
			again.deny == rule->deny && again.protocol == rule->protocol &&
			again.port_low == rule->port_low && again.port_high == rule->port_high,
		"a rule written out means the same");
}

static void check_lists(const struct flat *flat)
{
	for (size_t i = 0; i < flat->n_entries; i++) /* lists only lead to what was made before them */
		expect((flat->entries[i].word & ACL_NEXT) < flat->n_entries, "a list leads to an entry");
	for (size_t family = 0; family < 2; family++) {
		const struct flat_family *all = &flat->family[family];

		for (size_t i = 0; i < all->n_prefixes; i++) {
			size_t steps = 0;

			for (uint32_t at = all->prefixes[i].first; at; at = flat->entries[at].word & ACL_NEXT)
				expect(at < flat->n_entries && ++steps <= flat->n_entries, "a list ends");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acl_host host;
	struct rules *rules = NULL;
	struct flat *flat = NULL;
	struct xslot_file file;

	acl_host_init(&host, (const char *)data, size, ACL_DENY);
	xslot_file_open(&file, &host.context, "rules");
	expect(rules_parse(&file, &rules) == 0, "there is memory");
	expect(flatten(rules, &flat, &file) == 0, "there is memory");
	if (xslot_file_close(&file) == 0)
		check_lists(flat);
	host.n_errors = 0;
	for (size_t i = 0; i < rules->n_rules; i++)
		check_rule(&rules->rules[i], &host.context);
	expect(host.n_errors == 0, "a rule written out is without problems");
	rules_free(rules);
	flat_free(flat);
	return 0;
}
