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

#define MAX_WORDS 5
#define WORD_MAX 64

struct line {
	struct problems *problems;
	unsigned number;
	unsigned n_words;
	char words[MAX_WORDS][WORD_MAX];
};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
};

/* Tell of an error in this line, and that there is one. */
#define WRONG(line, ...) (problem((line)->problems, (line)->number, __VA_ARGS__), false)

/* A decimal number and nothing else, at most `max`. */
static bool parse_number(const char *text, unsigned max, unsigned *ret_number)
{
	unsigned number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (unsigned)(*text - '0');
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cut a line into words, without its comment. */
static bool split(struct line *line, const uint8_t *text, size_t size)
{
	size_t begin, i = 0;

	line->n_words = 0;
	for (;;) {
		while (i < size && is_blank(text[i]))
			i++;
		if (i == size || text[i] == '#')
			return true;
		for (begin = i; i < size && !is_blank(text[i]) && text[i] != '#'; i++)
			if (text[i] < 0x20 || text[i] > 0x7e)
				return WRONG(line,
					"byte 0x%02x: outside comments a rules file is plain ASCII", text[i]);
		if (i - begin >= WORD_MAX)
			return WRONG(line, "\"%.20s…\" is %zu characters long, which nothing in a rule is",
				(const char *)text + begin, i - begin);
		if (line->n_words == MAX_WORDS)
			return WRONG(line,
				"\"%.*s\" is one word too many: a rule is at most ACTION SOURCE PROTOCOL PORTS",
				(int)(i - begin), (const char *)text + begin);
		memcpy(line->words[line->n_words], text + begin, i - begin);
		line->words[line->n_words++][i - begin] = '\0';
	}
}

/* Set the bits beyond the prefix to 0; were they all? */
static bool mask_address(struct rule *rule, unsigned size)
{
	bool clean = true;

	for (unsigned i = 0; i < size; i++) {
		int bits = (int)rule->length - (int)i * 8;
		uint8_t mask = bits >= 8 ? 0xff : bits <= 0 ? 0 : (uint8_t)(0xff << (8 - bits));

		clean = clean && !(rule->address[i] & ~mask);
		rule->address[i] &= mask;
	}
	return clean;
}

static bool parse_source(struct line *line, struct rule *rule)
{
	char address[WORD_MAX], prefix[INET6_ADDRSTRLEN];
	const char *word = line->words[1], *slash = strchr(word, '/');
	unsigned length, max;

	if (line->n_words < 2)
		return WRONG(line, "no source after \"%s\": name a prefix such as 192.0.2.0/24, or any",
			line->words[0]);
	if (!strcmp(word, "any"))
		return true;
	memcpy(address, word, WORD_MAX);
	if (slash)
		address[slash - word] = '\0';
	if (inet_pton(AF_INET, address, rule->address) == 1)
		rule->family = 4;
	else if (inet_pton(AF_INET6, address, rule->address) == 1)
		rule->family = 6;
	else
		return WRONG(line, "\"%s\" is neither an IPv4 or IPv6 prefix nor any", word);
	max = length = rule->family == 4 ? 32 : 128;
	if (slash && !parse_number(slash + 1, max, &length))
		return WRONG(line, "\"%s\" is not a prefix length in \"%s\": it goes from 0 to %u", slash + 1,
			word, max);
	rule->length = (uint8_t)length;
	if (mask_address(rule, max / 8))
		return true;
	inet_ntop(rule->family == 4 ? AF_INET : AF_INET6, rule->address, prefix, sizeof(prefix));
	return WRONG(line,
		"%s has bits set beyond its length: write %s/%u for the network, or %s/%u for the address",
		word, prefix, length, address, max);
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

static bool parse_protocol(struct line *line, struct rule *rule)
{
	const char *word = line->words[2];
	unsigned number = 256;

	rule->any_protocol = line->n_words < 3;
	if (rule->any_protocol)
		return true;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!strcmp(word, protocols[i].name))
			number = protocols[i].number;
	if (number == 256 && !parse_number(word, 255, &number))
		return WRONG(line,
			"\"%s\" is not a protocol: write tcp, udp, icmp, icmp6 or a number from 0 to 255",
			word);
	rule->protocol = (uint8_t)number;
	if (rule->family != 4 && is_extension_header(rule->protocol))
		return WRONG(line,
			"%u is an extension header of IPv6, which is skipped and never is the protocol: write %s for IPv4 only",
			number, rule->family ? "an IPv4 prefix" : "0.0.0.0/0");
	return true;
}

static bool parse_ports(struct line *line, struct rule *rule)
{
	char *word = line->words[3], *dash = strchr(word, '-');
	unsigned low = 0, high = 0;
	bool ok;

	rule->port_high = 65535;
	if (line->n_words < 4)
		return true;
	if (!has_ports(rule->protocol))
		return WRONG(line, "%s has no ports: remove \"%s\"", line->words[2], word);
	if (dash)
		*dash = '\0';
	ok = parse_number(word, 65535, &low) && parse_number(dash ? dash + 1 : word, 65535, &high);
	if (dash)
		*dash = '-';
	if (!ok)
		return WRONG(
			line, "\"%s\" is neither a port from 0 to 65535 nor two of them as in 80-90", word);
	if (low > high)
		return WRONG(line, "ports %s run backwards: write %u-%u", word, high, low);
	rule->port_low = (uint16_t)low;
	rule->port_high = (uint16_t)high;
	rule->has_ports = low > 0 || high < 65535;
	return true;
}

static bool parse_words(struct line *line, struct rule *rule)
{
	*rule = (struct rule){ .line = line->number };
	rule->deny = !strcmp(line->words[0], "deny");
	if (!rule->deny && strcmp(line->words[0], "allow"))
		return WRONG(line, "\"%s\" is neither allow nor deny: a rule begins with one of them",
			line->words[0]);
	if (!parse_source(line, rule) || !parse_protocol(line, rule) || !parse_ports(line, rule))
		return false;
	if (line->n_words > 4)
		return WRONG(line,
			"\"%s\" is one word too many: a rule is at most ACTION SOURCE PROTOCOL PORTS",
			line->words[4]);
	return true;
}

bool rule_parse(
	const uint8_t *text, size_t size, unsigned number, struct rule *ret_rule, struct problems *problems)
{
	struct line line = { .problems = problems, .number = number };
	struct rule rule;

	if (!split(&line, text, size) || !line.n_words || !parse_words(&line, &rule))
		return false;
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
