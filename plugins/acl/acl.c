/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The user-space side of acl. `check` and `start` read the same bytes in the same way: line.c, rules.c and
 * flatten.c report errors and make the lists, tables.c puts them into the kernel. Counters are state, and
 * move from instance to instance by themselves, since a hash of the rule's text is their key; settle removes
 * the counters of rules that no longer exist, and keeps their sum.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "acl.bpf.h" /* generated: the bytes of the compiled acl.bpf.c */
#include "flatten.h"
#include "rules.h"
#include "tables.h"

#define TOP_RULES 10
#define PRIORITY_WARNING 4

/* Parse and flatten; everything that is wrong is reported to the host. */
static int read_rules(struct xslot_context *context, struct rules **ret_rules, struct flat **ret_flat)
{
	struct rules *rules = NULL;
	struct flat *flat = NULL;
	struct xslot_file file;
	int r;

	xslot_file_open(&file, context, "rules");
	r = rules_parse(&file, &rules);
	if (!r)
		r = flatten(rules, &flat, &file);
	if (r)
		xslot_error(context, "rules", 0, "cannot read %zu bytes of rules: %s",
			xslot_value(context, "rules")->size, strerror(-r));
	else
		r = xslot_file_close(&file);
	if (r) {
		rules_free(rules);
		flat_free(flat);
		return r;
	}
	*ret_rules = rules;
	*ret_flat = flat;
	return 0;
}

/* What is right as it stands, and hardly meant. */
static void warn_of_rules(struct xslot_context *context, const struct rules *rules)
{
	size_t n_allow = 0, n_strange = 0;
	unsigned line = 0;

	for (size_t i = 0; i < rules->n_rules; i++) {
		const struct rule *rule = &rules->rules[i];

		n_allow += !rule->deny;
		if (rule->any_protocol ||
			!(rule->family == 4 ? rule->protocol == IPPROTO_ICMPV6
					    : rule->family == 6 && rule->protocol == IPPROTO_ICMP))
			continue;
		if (!n_strange++)
			line = rule->line;
	}
	if (!n_allow && xslot_value(context, "policy")->number == ACL_DENY)
		xslot_log(context, PRIORITY_WARNING,
			"the policy is deny, and none of %zu rules allows anything: only packets that are not IP get through",
			rules->n_rules);
	if (n_strange)
		xslot_log(context, PRIORITY_WARNING,
			"%zu rules name the protocol of the other family, the first of them in line %u: icmp belongs to IPv4, icmp6 to IPv6",
			n_strange, line);
}

static int check(struct xslot_context *context)
{
	struct rules *rules;
	struct flat *flat;
	int r = read_rules(context, &rules, &flat);

	if (r)
		return r;
	if (flat->dead.n)
		xslot_log(context, PRIORITY_WARNING,
			"%zu rules can never match, the first of them in line %u because of line %u",
			flat->dead.n, flat->dead.line, flat->dead.by_line);
	if (flat->partly.n)
		xslot_log(context, PRIORITY_WARNING,
			"%zu rules can match only later fragments, the first of them in line %u because of line %u",
			flat->partly.n, flat->partly.line, flat->partly.by_line);
	warn_of_rules(context, rules);
	rules_free(rules);
	flat_free(flat);
	return 0;
}

static int start(struct xslot_context *context)
{
	struct rules *rules;
	struct flat *flat;
	int r = read_rules(context, &rules, &flat);

	if (r)
		return r;
	r = tables_fill(context, flat);
	flat_free(flat);
	if (r) {
		xslot_error(context, "rules", 0, "cannot fill the tables of %zu rules: %s", rules->n_rules,
			strerror(-r));
		rules_free(rules);
		return r;
	}
	context->data = rules;
	return 0;
}

/* The tables are full and live; only our copy of the rules went with the host that died. */
static int resume(struct xslot_context *context)
{
	struct rules *rules;
	struct flat *flat;
	int r = read_rules(context, &rules, &flat);

	if (r)
		return r;
	flat_free(flat);
	context->data = rules;
	return 0;
}

static int settle(struct xslot_context *context, uint32_t old_version)
{
	return hits_prune(context, context->data);
}

static int compare_hits(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;

	return a->packets > b->packets ? -1 : a->packets < b->packets;
}

static int status(struct xslot_context *context)
{
	const struct rules *rules = context->data;
	uint64_t totals[ACL_TOTALS], packets = 0;
	char text[RULE_TEXT_MAX];
	const struct rule *rule;
	struct hit *hits;
	size_t n;
	int r = totals_read(context, totals);

	if (!r)
		r = hits_read(context, &hits, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		packets += hits[i].packets;
	xslot_status(context, "rules", "%zu", rules->n_rules);
	xslot_status(context, "decided by rules", "%" PRIu64, packets + totals[ACL_TOTAL_UNCOUNTED]);
	xslot_status(context, "decided by policy", "%" PRIu64 ", %s", totals[ACL_TOTAL_POLICY],
		xslot_value(context, "policy")->number == ACL_ALLOW ? "allow" : "deny");
	xslot_status(context, "dropped as unknown", "%" PRIu64, totals[ACL_TOTAL_UNKNOWN]);
	xslot_status(context, "not IP", "%" PRIu64, totals[ACL_TOTAL_NOT_IP]);
	if (totals[ACL_TOTAL_UNCOUNTED])
		xslot_status(context, "hits without a counter", "%" PRIu64, totals[ACL_TOTAL_UNCOUNTED]);
	qsort(hits, n, sizeof(*hits), compare_hits);
	for (size_t i = 0, shown = 0; i < n && shown < TOP_RULES; i++) {
		rule = rules_find(rules, hits[i].key);
		if (!rule)
			continue;
		rule_text(rule, text);
		xslot_status(context, text, "%" PRIu64 " in line %u", hits[i].packets, rule->line);
		shown++;
	}
	free(hits);
	return 0;
}

static void stop(struct xslot_context *context)
{
	rules_free(context->data);
	context->data = NULL;
}

XSLOT_PARAMS({ "rules", XSLOT_FILE, "the rules, one a line: see " XSLOT_DOCDIR "/plugins/acl/README.md",
		     .required = 1 },
	{ "policy", XSLOT_ENUM, "what happens to packets that no rule matches", .fallback = "deny",
		.words = "allow|deny" });

XSLOT_PLUGIN(acl, .version = "1.0.0", .summary = "allow and deny by source prefix, protocol and port",
	XSLOT_BPF(acl),
	.check = check, .start = start, .settle = settle, .resume = resume, .status = status, .stop = stop);
