/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One line of a rules file. It means exactly one thing or is an error: what was surely not intended (host
 * bits in a prefix, ports on a protocol that has none, a protocol number that IPv6 packets never show) is
 * refused, and the message shows the correct line. A firewall that guesses cannot be read.
 */
#include "line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORDS 4

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
};

/* Report an error in this line, and that there is one. */
#define WRONG(file, ...) (xslot_file_error(file, __VA_ARGS__), false)

static bool parse_source(struct xslot_file *file, struct rule *rule)
{
	struct xslot_prefix prefix;

	if (file->n_words < 2)
		return WRONG(file, "no source after \"%s\": name a prefix such as 192.0.2.0/24, or any",
			file->words[0]);
	if (!strcmp(file->words[1], "any"))
		return true;
	if (xslot_file_prefix(
		    file, "a source: name a prefix such as 192.0.2.0/24, or any", file->words[1], &prefix))
		return false;
	rule->family = prefix.family;
	rule->length = prefix.length;
	memcpy(rule->address, prefix.address, sizeof(rule->address));
	return true;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

static bool is_extension_header(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_AH;
}

static bool parse_protocol(struct xslot_file *file, struct rule *rule)
{
	const char *word = file->words[2];
	uint64_t number = 256;

	rule->any_protocol = file->n_words < 3;
	if (rule->any_protocol)
		return true;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!strcmp(word, protocols[i].name))
			number = protocols[i].number;
	if (number == 256 && xslot_file_decimal(word, 0, 255, &number))
		return WRONG(file,
			"\"%s\" is not a protocol: write tcp, udp, icmp, icmp6 or a number from 0 to 255",
			word);
	rule->protocol = (uint8_t)number;
	if (rule->family != 4 && is_extension_header(rule->protocol))
		return WRONG(file,
			"%u is an extension header of IPv6, which is skipped and never is the protocol: write %s for IPv4 only",
			rule->protocol, rule->family ? "an IPv4 prefix" : "0.0.0.0/0");
	return true;
}

static bool parse_ports(struct xslot_file *file, struct rule *rule)
{
	rule->port_high = 65535;
	if (file->n_words < 4)
		return true;
	if (!has_ports(rule->protocol))
		return WRONG(file, "%s has no ports: remove \"%s\"", file->words[2], file->words[3]);
	if (xslot_file_ports(file, file->words[3], &rule->port_low, &rule->port_high))
		return false;
	rule->has_ports = rule->port_low > 0 || rule->port_high < 65535;
	return true;
}

bool rule_parse(struct xslot_file *file, struct rule *ret_rule)
{
	struct rule rule = { .line = file->line };

	rule.deny = !strcmp(file->words[0], "deny");
	if (!rule.deny && strcmp(file->words[0], "allow"))
		return WRONG(file, "\"%s\" is neither allow nor deny: a rule begins with one of them",
			file->words[0]);
	if (!parse_source(file, &rule) || !parse_protocol(file, &rule) || !parse_ports(file, &rule))
		return false;
	if (file->n_words > MAX_WORDS)
		return WRONG(file,
			"\"%s\" is one word too many: a rule is at most ACTION SOURCE PROTOCOL PORTS",
			file->words[MAX_WORDS]);
	*ret_rule = rule;
	return true;
}

void rule_text(const struct rule *rule, char text[RULE_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN], source[INET6_ADDRSTRLEN + 8] = "any", protocol[16] = "",
								  ports[16] = "";

	if (rule->family) {
		inet_ntop(rule->family == 4 ? AF_INET : AF_INET6, rule->address, address, sizeof(address));
		snprintf(source, sizeof(source), "%s/%u", address, rule->length);
	}
	if (!rule->any_protocol)
		snprintf(protocol, sizeof(protocol), " %u", rule->protocol);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!rule->any_protocol && rule->protocol == protocols[i].number)
			snprintf(protocol, sizeof(protocol), " %s", protocols[i].name);
	if (rule->has_ports && rule->port_low == rule->port_high)
		snprintf(ports, sizeof(ports), " %u", rule->port_low);
	else if (rule->has_ports)
		snprintf(ports, sizeof(ports), " %u-%u", rule->port_low, rule->port_high);
	snprintf(text, RULE_TEXT_MAX, "%s %s%s%s", rule->deny ? "deny" : "allow", source, protocol, ports);
}
