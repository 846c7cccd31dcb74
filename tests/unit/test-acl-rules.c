/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* acl's rules file: what a line means, every way to get it wrong, and the lists that it all becomes. */
#include <stdlib.h>

#include "acl-host.h"
#include "check.h"
#include "flatten.h"
#include "rules.h"

extern const struct xslot_plugin xslot_plugin;

static struct acl_host host;
static struct rules *rules;
static struct flat *flat;

/* Parse and flatten `text`; returns what check would. */
static int read_text(const char *text)
{
	struct xslot_file file;

	rules_free(rules);
	flat_free(flat);
	rules = NULL;
	flat = NULL;
	acl_host_init(&host, text, strlen(text), ACL_DENY);
	xslot_file_open(&file, &host.context, "rules");
	assert_int_equal(rules_parse(&file, &rules), 0);
	assert_int_equal(flatten(rules, &flat, &file), 0);
	return xslot_file_close(&file);
}

/* One line alone. False if it has no rule, or is wrong. */
static bool read_line(const char *line, struct rule *ret_rule)
{
	struct xslot_file file;

	xslot_file_begin(&file, &host.context, "rules", (const uint8_t *)line, strlen(line));
	return xslot_file_next(&file) && rule_parse(&file, ret_rule);
}

static int forget(void **arg)
{
	rules_free(rules);
	flat_free(flat);
	rules = NULL;
	flat = NULL;
	return 0;
}

static void test_normalised(void **arg)
{
	static const char *const lines[][2] = {
		{ "allow any", "allow any" },
		{ "deny\tany  6\r", "deny any tcp" },
		{ "  deny 0.0.0.0/0 17 53", "deny 0.0.0.0/0 udp 53" },
		{ "allow 192.0.2.1", "allow 192.0.2.1/32" },
		{ "allow 192.0.2.0/24 tcp 80-80#comment", "allow 192.0.2.0/24 tcp 80" },
		{ "allow 192.0.2.0/24 tcp 80-81 # comment", "allow 192.0.2.0/24 tcp 80-81" },
		{ "deny any tcp 0-65535", "deny any tcp" },
		{ "deny any tcp 0", "deny any tcp 0" },
		{ "deny 2001:DB8:0:0::/32 58", "deny 2001:db8::/32 icmp6" },
		{ "deny ::1", "deny ::1/128" },
		{ "deny ::/0 1", "deny ::/0 icmp" },
		{ "allow 10.0.0.0/8 51", "allow 10.0.0.0/8 51" },
		{ "allow any 132 2905", "allow any 132 2905" },
		{ "allow any 136 1-2", "allow any 136 1-2" },
		{ "deny any 255", "deny any 255" },
		{ "deny 10.128.0.0/9", "deny 10.128.0.0/9" },
		{ "deny ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127 33 65534-65535",
			"deny ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127 33 65534-65535" },
	};
	char text[RULE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(read_text(lines[i][0]), 0);
		assert_int_equal(rules->n_rules, 1);
		rule_text(&rules->rules[0], text);
		assert_string_equal(text, lines[i][1]);
		assert_ptr_equal(rules_find(rules, rules->rules[0].key), &rules->rules[0]);
		assert_null(rules_find(rules, rules->rules[0].key + 1));
	}
}

/* A counter outlives builds: its key may never change. */
static void test_key(void **arg)
{
	assert_int_equal(read_text("deny any tcp 22"), 0);
	assert_int_equal(rules->rules[0].key, 0x33ecc6cca2b9bb62);
}

static const char *const wrong_lines[][2] = {
	{ "permit any", "\"permit\" is neither allow nor deny: a rule begins with one of them" },
	{ "Allow any", "\"Allow\" is neither allow nor deny: a rule begins with one of them" },
	{ "allow", "no source after \"allow\": name a prefix such as 192.0.2.0/24, or any" },
	{ "allow # any", "no source after \"allow\": name a prefix such as 192.0.2.0/24, or any" },
	{ "deny tcp", "\"tcp\" is not a source: name a prefix such as 192.0.2.0/24, or any" },
	{ "deny 10.0.0/8", "\"10.0.0/8\" is not a source: name a prefix such as 192.0.2.0/24, or any" },
	{ "deny 10.0.0.256", "\"10.0.0.256\" is not a source: name a prefix such as 192.0.2.0/24, or any" },
	{ "deny /8", "\"/8\" is not a source: name a prefix such as 192.0.2.0/24, or any" },
	{ "deny any/0", "\"any/0\" is not a source: name a prefix such as 192.0.2.0/24, or any" },
	{ "deny 10.0.0.0/33", "\"33\" is not a prefix length in \"10.0.0.0/33\": it goes from 0 to 32" },
	{ "deny 10.0.0.0/", "\"\" is not a prefix length in \"10.0.0.0/\": it goes from 0 to 32" },
	{ "deny 10.0.0.0/+8", "\"+8\" is not a prefix length in \"10.0.0.0/+8\": it goes from 0 to 32" },
	{ "deny ::/129", "\"129\" is not a prefix length in \"::/129\": it goes from 0 to 128" },
	{ "deny 10.1.2.3/8",
		"10.1.2.3/8 has bits set beyond its length: write 10.0.0.0/8 for the network, or "
		"10.1.2.3/32 for the address" },
	{ "deny 10.64.0.0/9",
		"10.64.0.0/9 has bits set beyond its length: write 10.0.0.0/9 for the network, or "
		"10.64.0.0/32 for the address" },
	{ "deny 2001:db8::1/64", "2001:db8::1/64 has bits set beyond its length: write 2001:db8::/64 "
				 "for the network, or "
				 "2001:db8::1/128 for the address" },
	{ "deny any tpc",
		"\"tpc\" is not a protocol: write tcp, udp, icmp, icmp6 or a number from 0 to 255" },
	{ "deny any 256",
		"\"256\" is not a protocol: write tcp, udp, icmp, icmp6 or a number from 0 to 255" },
	{ "deny any -1", "\"-1\" is not a protocol: write tcp, udp, icmp, icmp6 or a number from 0 to 255" },
	{ "deny any 51",
		"51 is an extension header of IPv6, which is skipped and never is the protocol: write 0.0.0.0/0 for IPv4 only" },
	{ "deny ::/0 0",
		"0 is an extension header of IPv6, which is skipped and never is the protocol: write an IPv4 prefix for IPv4 only" },
	{ "deny any icmp 8", "icmp has no ports: remove \"8\"" },
	{ "deny any icmp6 128-130", "icmp6 has no ports: remove \"128-130\"" },
	{ "deny any 1 8", "1 has no ports: remove \"8\"" },
	{ "deny any 47 80", "47 has no ports: remove \"80\"" },
	{ "deny any tcp 65536", "\"65536\" is neither a port from 0 to 65535 nor two of them as in 80-90" },
	{ "deny any tcp 80-", "\"80-\" is neither a port from 0 to 65535 nor two of them as in 80-90" },
	{ "deny any tcp -80", "\"-80\" is neither a port from 0 to 65535 nor two of them as in 80-90" },
	{ "deny any tcp 1-2-3", "\"1-2-3\" is neither a port from 0 to 65535 nor two of them as in 80-90" },
	{ "deny any udp http", "\"http\" is neither a port from 0 to 65535 nor two of them as in 80-90" },
	{ "deny any udp 90-80", "ports 90-80 run backwards: write 80-90" },
	{ "deny any udp 1 2", "\"2\" is one word too many: a rule is at most ACTION SOURCE PROTOCOL PORTS" },
	{ "deny any udp 1 2 3 4",
		"\"2\" is one word too many: a rule is at most ACTION SOURCE PROTOCOL PORTS" },
	{ "deny any \x01", "byte 0x01: outside comments the file must be plain ASCII" },
	{ "deny a\xc3\xa4y", "byte 0xc3: outside comments the file must be plain ASCII" },
	{ "deny 1111111111222222222233333333334444444444555555555566666666667777",
		"\"11111111112222222222...\" is 64 characters long: a word has at most 63" },
};

static void test_wrong_lines(void **arg)
{
	char text[256];

	for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(*wrong_lines); i++) {
		snprintf(text, sizeof(text), "# comment ä\n\n%s\nallow any\n", wrong_lines[i][0]);
		assert_int_equal(read_text(text), -EINVAL);
		assert_int_equal(host.n_errors, 1);
		assert_string_equal(host.errors[0].text, wrong_lines[i][1]);
		assert_int_equal(host.errors[0].line, 3);
		assert_int_equal(rules->n_rules, 1);
	}
}

static void test_empty(void **arg)
{
	assert_int_equal(read_text(""), 0);
	assert_int_equal(read_text("\n# nothing\n \t\r\n"), 0);
	assert_int_equal(rules->n_rules, 0);
	assert_int_equal(flat->family[0].n_prefixes + flat->family[1].n_prefixes, 0);
}

static void test_embedded_zero(void **arg)
{
	static const char text[] = "allow any\0\ndeny any\n";

	acl_host_init(&host, text, sizeof(text) - 1, ACL_DENY);
	assert_int_equal(xslot_plugin.check(&host.context), -EINVAL);
	assert_int_equal(host.n_errors, 1);
	assert_int_equal(host.errors[0].line, 1);
}

/* The same thing said twice, however it is spelt. */
static void test_duplicates(void **arg)
{
	assert_int_equal(
		read_text("deny any tcp 22\nallow any\ndeny  any 6 22-22\n\ndeny any tcp 22 # again\n"),
		-EINVAL);
	assert_int_equal(host.n_errors, 2);
	assert_int_equal(host.errors[0].line, 3);
	assert_string_equal(host.errors[0].text, "\"deny any tcp 22\" is already in line 1: remove one");
	assert_int_equal(host.errors[1].line, 5);
	assert_string_equal(host.errors[1].text, "\"deny any tcp 22\" is already in line 1: remove one");
	assert_int_equal(read_text("deny any tcp 22\nallow any tcp 22\ndeny 0.0.0.0/0 tcp 22\n"), 0);
}

/* Errors of all kinds come at once; of many, the first hundred and their number. */
static void test_all_at_once(void **arg)
{
	char text[4096] = "";

	assert_int_equal(read_text("deny any icmp 8\ndeny any\ndeny 10.0.0.1/8\ndeny any\n"), -EINVAL);
	assert_int_equal(host.n_errors, 3);
	for (int i = 0; i < 150; i++)
		strcat(text, "allow 10.0.0.1/8\n");
	assert_int_equal(read_text(text), -EINVAL);
	assert_int_equal(host.n_errors, 101);
	assert_int_equal(host.errors[99].line, 100);
	assert_int_equal(host.errors[100].line, 0);
	assert_string_equal(host.errors[100].text, "50 more errors, after the first 100");
}

static const struct flat_prefix *find_prefix(unsigned family, unsigned length, uint8_t first_byte)
{
	for (size_t i = 0; i < flat->family[family].n_prefixes; i++)
		if (flat->family[family].prefixes[i].length == length &&
			flat->family[family].prefixes[i].address[0] == first_byte)
			return &flat->family[family].prefixes[i];
	return NULL;
}

/* The lines of a prefix's list, "3 1 2", in the order in which they are asked. */
static const char *list_of(unsigned family, unsigned length, uint8_t first_byte)
{
	const struct flat_prefix *prefix = find_prefix(family, length, first_byte);
	static char text[256];
	size_t n = 0;

	assert_non_null(prefix);
	text[0] = '\0';
	for (uint32_t i = prefix->first; i; i = flat->entries[i].word & ACL_NEXT) {
		assert_true(i < flat->n_entries);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", n ? " " : "",
			rules_find(rules, flat->entries[i].key)->line);
	}
	return text;
}

static void test_lists(void **arg)
{
	assert_int_equal(read_text("allow any udp\n"		  /* 1 */
				   "deny 10.0.0.0/8 tcp 22\n"	  /* 2 */
				   "allow 10.1.0.0/16 tcp\n"	  /* 3 */
				   "deny 10.1.2.0/24\n"		  /* 4 */
				   "allow 10.1.2.3 tcp 22\n"	  /* 5 */
				   "deny 10.0.0.0/8 udp\n"	  /* 6 */
				   "deny 11.0.0.0/8 icmp\n"	  /* 7 */
				   "allow 2001:db8::/32 icmp6\n"  /* 8 */
				   "deny 2001:db8::/33 tcp\n"	  /* 9 */
				   "deny 0.0.0.0/0 icmp\n"	  /* 10 */
				   "allow 32.1.13.184/32 tcp\n"), /* 11: the bytes of 2001:db8:: */
		0);
	assert_string_equal(list_of(0, 0, 0), "1 10");
	assert_string_equal(list_of(0, 8, 10), "2 6 1 10");
	assert_string_equal(list_of(0, 16, 10), "3 2 6 1 10");
	assert_string_equal(list_of(0, 24, 10), "4");
	assert_string_equal(list_of(0, 32, 10), "5 4");
	assert_string_equal(list_of(0, 8, 11), "7 1 10");
	assert_string_equal(list_of(0, 32, 32), "11 1 10");
	assert_string_equal(list_of(1, 0, 0), "1");
	assert_string_equal(list_of(1, 32, 0x20), "8 1");
	assert_string_equal(list_of(1, 33, 0x20), "9 8 1");
	assert_int_equal(flat->dead.n, 0);
	assert_int_equal(flat->partly.n, 0);
}

static void test_dead(void **arg)
{
	assert_int_equal(read_text("allow any tcp 80\n"	    /* 1 */
				   "deny any tcp 80\n"	    /* 2: decides later fragments */
				   "allow any tcp 1-100\n"  /* 3 */
				   "deny any tcp 90\n"	    /* 4: the same */
				   "allow any tcp 5\n"	    /* 5: dead by 3 */
				   "deny any udp 1-100\n"   /* 6 */
				   "allow any udp 100\n"    /* 7: dead by 6 */
				   "allow any udp 101\n"    /* 8 */
				   "deny any udp\n"	    /* 9 */
				   "deny any udp 1-1000\n"  /* 10: dead by 9 */
				   "allow any\n"	    /* 11 */
				   "deny any icmp\n"	    /* 12: dead by 11 */
				   "deny 10.0.0.0/8 icmp"), /* 13: lives */
		0);
	assert_int_equal(flat->dead.n, 4);
	assert_int_equal(flat->dead.line, 5);
	assert_int_equal(flat->dead.by_line, 3);
	assert_int_equal(flat->partly.n, 2);
	assert_int_equal(flat->partly.line, 2);
	assert_int_equal(flat->partly.by_line, 1);
	assert_string_equal(list_of(0, 0, 0), "1 2 3 4 6 8 9 11");
	assert_string_equal(list_of(1, 0, 0), "1 2 3 4 6 8 9 11");
	assert_int_equal(xslot_plugin.check(&host.context), 0);
	assert_string_equal(host.log,
		"4 rules can never match, the first of them in line 5 because of line 3\n"
		"2 rules can match only later fragments, the first of them in line 2 because of "
		"line 1\n");
}

/* A later fragment of IPv6 has no protocol: one that is allowed does not allow it, one that is denied does
 * deny. */
static void test_dead_by_family(void **arg)
{
	assert_int_equal(read_text("allow any udp\n"	  /* 1 */
				   "deny any udp 53\n"	  /* 2: decides fragments of IPv6 */
				   "deny 0.0.0.0/0 udp\n" /* 3: dead by 1 */
				   "deny ::/0 udp 54\n"	  /* 4: as 2 */
				   "allow ::/0 udp 55\n"  /* 5: dead by 1 */
				   "allow 0.0.0.0/0\n"	  /* 6 */
				   "deny any tcp\n"	  /* 7: dead on IPv4 only */
				   "deny any udp 56\n"),  /* 8: the same, and as 2 */
		0);
	assert_string_equal(list_of(0, 0, 0), "1 6");
	assert_string_equal(list_of(1, 0, 0), "1 2 4 7 8");
	assert_int_equal(flat->dead.n, 2);
	assert_int_equal(flat->dead.line, 3);
	assert_int_equal(flat->dead.by_line, 1);
	assert_int_equal(flat->partly.n, 3);
	assert_int_equal(flat->partly.line, 2);
	assert_int_equal(flat->partly.by_line, 1);
}

static void test_warnings(void **arg)
{
	static const char none[] = "the policy is deny, and none of 2 rules allows anything: only packets "
				   "that are not IP get through\n";
	static const char family[] = "2 rules name the protocol of the other family, the first of them in "
				     "line 2: icmp belongs to IPv4, "
				     "icmp6 to IPv6\n";

	assert_int_equal(read_text("deny any udp 53\ndeny 10.0.0.0/8\n"), 0);
	assert_int_equal(xslot_plugin.check(&host.context), 0);
	assert_string_equal(host.log, none);
	acl_host_init(&host, "deny any udp 53\ndeny 10.0.0.0/8\n", 32, ACL_ALLOW);
	assert_int_equal(xslot_plugin.check(&host.context), 0);
	assert_string_equal(host.log, "");
	assert_int_equal(read_text("allow 10.0.0.0/8 icmp\n"
				   "allow 10.0.0.0/8 icmp6\n"
				   "allow 2001:db8::/32 icmp6\n"
				   "deny 2001:db8::/32 1\n"
				   "allow any icmp\nallow any icmp6\n"),
		0);
	assert_int_equal(xslot_plugin.check(&host.context), 0);
	assert_string_equal(host.log, family);
}

/* 64 rules at a prefix are good, one more is not; those of shorter prefixes count, unless none asks them. */
static void test_bound(void **arg)
{
	char text[8192];
	size_t n = 0;

	for (int i = 0; i < 64; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "allow any tcp %d\n", i);
	assert_int_equal(read_text(text), 0);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "deny 10.0.0.0/8\n");
	assert_int_equal(read_text(text), 0);
	snprintf(text + n, sizeof(text) - n, "allow any tcp 64\nallow any tcp 65\n");
	assert_int_equal(read_text(text), -EINVAL);
	assert_int_equal(host.n_errors, 1);
	assert_int_equal(host.errors[0].line, 66);
	assert_string_equal(host.errors[0].text,
		"too many rules apply at 0.0.0.0/0: at most 64 may, and 0 of them come from shorter prefixes");
	snprintf(text + n, sizeof(text) - n, "allow 11.0.0.0/8 tcp\nallow 12.0.0.0/8 udp\nallow ::/0 17\n");
	assert_int_equal(read_text(text), -EINVAL);
	assert_int_equal(host.n_errors, 3);
	assert_int_equal(host.errors[1].line, 67);
	assert_string_equal(host.errors[1].text,
		"too many rules apply at 12.0.0.0/8: at most 64 may, and 64 of them come from shorter prefixes");
	assert_int_equal(host.errors[2].line, 68);
}

/*
 * Lines put together from what might stand in one, and damaged: each is a rule, nothing, or exactly one
 * error. What is a rule means the same when it is written as we write it.
 */
static void test_random_lines(void **arg)
{
	static const char *const words[] = { "allow", "deny", "any", "10.0.0.0/8", "192.0.2.1",
		"2001:db8::/32", "::/0", "0.0.0.0/0", "10.1.0.0/15", "fe80::1/64", "tcp", "udp", "icmp",
		"icmp6", "51", "47", "132", "0", "255", "80", "80-90", "90-80", "0-65535", "65536", "-", "/",
		"#", "", "4294967376", "1.2.3.4/032" };
	uint64_t chance = 88172645463325252;
	unsigned n_rules = 0, n_errors = 0;

	for (unsigned round = 0; round < 200000; round++) {
		char line[256] = "", again[RULE_TEXT_MAX], text[RULE_TEXT_MAX];
		struct rule rule, copy;

		acl_host_init(&host, NULL, 0, ACL_DENY);
		chance ^= chance << 13;
		chance ^= chance >> 7;
		chance ^= chance << 17;
		strcat(line, words[chance >> 3 & 1]);
		for (unsigned i = 0; i < (chance >> 4 & 3) + (chance >> 6 & 1); i++) {
			strcat(line, chance >> (10 + i) & 1 ? " " : "\t ");
			strcat(line, words[(chance >> (16 + 8 * i)) % (sizeof(words) / sizeof(*words))]);
		}
		if (!(chance >> 56 & 7))
			line[(chance >> 48) % strlen(line)] = (char)(chance >> 40);
		if (strchr(line, '\n')) /* that would be two */
			continue;
		if (!read_line(line, &rule)) {
			assert_true(host.n_errors <= 1);
			assert_true(!host.n_errors || host.errors[0].line == 1);
			n_errors += host.n_errors > 0;
			continue;
		}
		assert_int_equal(host.n_errors, 0);
		n_rules++;
		rule_text(&rule, text);
		assert_true(read_line(text, &copy));
		rule_text(&copy, again);
		assert_string_equal(text, again);
		assert_memory_equal(rule.address, copy.address, 16);
		assert_int_equal(rule.length, copy.length);
		assert_int_equal(rule.port_low, copy.port_low);
		assert_int_equal(rule.port_high, copy.port_high);
		assert_int_equal(rule.protocol, copy.protocol);
	}
	assert_true(n_rules > 10000 && n_errors > 10000);
}

static void test_too_many_rules(void **arg)
{
	size_t size = (ACL_MAX_RULES + 2) * 32, n = 0;
	char *text = malloc(size);

	assert_non_null(text);
	for (unsigned i = 0; i < ACL_MAX_RULES + 2; i++)
		n += (size_t)snprintf(
			text + n, size - n, "deny 10.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255);
	assert_int_equal(read_text(text), -EINVAL);
	assert_int_equal(host.n_errors, 1);
	assert_int_equal(host.errors[0].line, ACL_MAX_RULES + 1);
	assert_string_equal(host.errors[0].text, "more than 131007 rules: split the file over two slots");
	assert_int_equal(flat->n_entries, ACL_MAX_RULES + 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_normalised, forget),
		cmocka_unit_test_teardown(test_key, forget),
		cmocka_unit_test_teardown(test_wrong_lines, forget),
		cmocka_unit_test_teardown(test_empty, forget),
		cmocka_unit_test_teardown(test_embedded_zero, forget),
		cmocka_unit_test_teardown(test_duplicates, forget),
		cmocka_unit_test_teardown(test_all_at_once, forget),
		cmocka_unit_test_teardown(test_lists, forget),
		cmocka_unit_test_teardown(test_dead, forget),
		cmocka_unit_test_teardown(test_dead_by_family, forget),
		cmocka_unit_test_teardown(test_warnings, forget),
		cmocka_unit_test_teardown(test_bound, forget),
		cmocka_unit_test_teardown(test_random_lines, forget),
		cmocka_unit_test_teardown(test_too_many_rules, forget),
	};

	return cmocka_run_group_tests_name("acl-rules", tests, NULL, NULL);
}
