/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* IP, its extension headers, and the headers after them. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "layer.h"
#include "util/diag.h"

static void put16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint64_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

struct ip {
	uint64_t ttl, tos, id, offset, length, protocol, version, ihl, options;
	bool more, unsplit, length_given, protocol_given, ihl_given;
};

static int ip_options(struct words *words, struct ip *ip)
{
	const char *before;
	int r = 0;

	do {
		before = words->at;
		ip->more |= words_take(words, "more");
		ip->unsplit |= words_take(words, "df");
		r = words_option(words, "ttl", 255, &ip->ttl, NULL);
		if (r == 0)
			r = words_option(words, "tos", 255, &ip->tos, NULL);
		if (r == 0)
			r = words_option(words, "id", 0xffff, &ip->id, NULL);
		if (r == 0)
			r = words_option(words, "offset", 0xffff, &ip->offset, NULL);
		if (r == 0)
			r = words_option(words, "len", 0xffff, &ip->length, &ip->length_given);
		if (r == 0)
			r = words_option(words, "proto", 255, &ip->protocol, &ip->protocol_given);
		if (r == 0)
			r = words_option(words, "version", 15, &ip->version, NULL);
		if (r == 0)
			r = words_option(words, "ihl", 15, &ip->ihl, &ip->ihl_given);
		if (r == 0)
			r = words_option(words, "options", 40, &ip->options, NULL);
	} while (r == 0 && words->at != before);
	return r;
}

static int put_address(struct words *words, int family, const char *word, uint8_t *at)
{
	if (inet_pton(family, word, at) != 1)
		return fail(words->diag, -EINVAL, "ip: \"%s\" is not an IPv%d address", word,
			family == AF_INET ? 4 : 6);
	return 0;
}

static int layer_ip4(struct builder *builder, const char *source, const char *to, struct words *words)
{
	struct ip ip = { .ttl = 64, .protocol = 253, .version = 4 };
	struct layer *layer;
	uint8_t *bytes;
	int r;

	r = ip_options(words, &ip);
	if (r < 0)
		return r;
	ip.options = (ip.options + 3) / 4 * 4;
	r = builder_begin(builder, LAYER_IP4, (struct layer_name){ ETH_P_IP, IPPROTO_IPIP }, 20 + ip.options,
		&bytes, &layer);
	if (r == 0)
		r = put_address(words, AF_INET, source, bytes + 12);
	if (r == 0)
		r = put_address(words, AF_INET, to, bytes + 16);
	if (r < 0)
		return r;
	bytes[0] = (uint8_t)(ip.version << 4 | (ip.ihl_given ? ip.ihl : 5 + ip.options / 4));
	bytes[1] = (uint8_t)ip.tos;
	put16(bytes + 2, ip.length);
	put16(bytes + 4, ip.id);
	put16(bytes + 6, (uint64_t)ip.unsplit << 14 | (uint64_t)ip.more << 13 | (ip.offset / 8 & 0x1fff));
	bytes[8] = (uint8_t)ip.ttl;
	bytes[9] = (uint8_t)ip.protocol;
	memset(bytes + 20, 1, ip.options); /* no operation */
	layer->next_at = ip.protocol_given ? -1 : (int)layer->at + 9;
	layer->sum_at = ip.ihl_given ? -1 : (int)layer->at + 10;
	layer->length_given = ip.length_given;
	layer->fragment = ip.more || ip.offset;
	return 0;
}

static int layer_ip6(struct builder *builder, const char *source, const char *to, struct words *words)
{
	struct ip ip = { .ttl = 64, .protocol = IPPROTO_NONE, .version = 6 };
	struct layer *layer;
	uint8_t *bytes;
	int r;

	r = ip_options(words, &ip);
	if (r == 0 && (ip.more || ip.unsplit || ip.offset || ip.options || ip.ihl_given || ip.id))
		r = fail(words->diag, -EINVAL,
			"ip: more, df, id, offset, ihl and options are for IPv4; IPv6 has frag, hop and dst");
	if (r == 0)
		r = builder_begin(builder, LAYER_IP6, (struct layer_name){ ETH_P_IPV6, IPPROTO_IPV6 }, 40,
			&bytes, &layer);
	if (r == 0)
		r = put_address(words, AF_INET6, source, bytes + 8);
	if (r == 0)
		r = put_address(words, AF_INET6, to, bytes + 24);
	if (r < 0)
		return r;
	bytes[0] = (uint8_t)(ip.version << 4 | ip.tos >> 4);
	bytes[1] = (uint8_t)(ip.tos << 4);
	put16(bytes + 4, ip.length);
	bytes[6] = (uint8_t)ip.protocol;
	bytes[7] = (uint8_t)ip.ttl;
	layer->next_at = ip.protocol_given ? -1 : (int)layer->at + 6;
	layer->length_given = ip.length_given;
	return 0;
}

int layer_ip(struct builder *builder, struct words *words)
{
	char source[WORD_MAX], to[WORD_MAX];
	int r = words_pair(words, "ip", source, to);

	if (r < 0)
		return r;
	return strchr(source, ':') ? layer_ip6(builder, source, to, words)
				   : layer_ip4(builder, source, to, words);
}

int layer_extension(struct builder *builder, const char *name, struct words *words)
{
	uint64_t size = 8, offset = 0, id = 0, next = IPPROTO_NONE;
	uint8_t protocol = !strcmp(name, "hop")	    ? IPPROTO_HOPOPTS
			   : !strcmp(name, "dst")   ? IPPROTO_DSTOPTS
			   : !strcmp(name, "route") ? IPPROTO_ROUTING
			   : !strcmp(name, "frag")  ? IPPROTO_FRAGMENT
						    : IPPROTO_AH;
	bool next_given = false, more = false;
	struct layer *layer;
	uint8_t *bytes;
	int r = 0;

	if (protocol == IPPROTO_AH)
		size = 24; /* 12 bytes, and what is mostly behind them */
	if (protocol == IPPROTO_FRAGMENT) {
		r = words_option(words, "offset", 0xffff, &offset, NULL);
		more = words_take(words, "more");
		if (r == 0)
			r = words_option(words, "id", 0xffffffff, &id, NULL);
	} else {
		r = words_option(words, "size", 2048, &size, NULL);
	}
	if (r == 0)
		r = words_option(words, "next", 255, &next, &next_given);
	if (r == 0)
		r = builder_begin(builder, LAYER_EXTENSION, (struct layer_name){ 0, protocol },
			(size + 7) / 8 * 8, &bytes, &layer);
	if (r < 0)
		return r;
	bytes[0] = (uint8_t)next;
	layer->next_at = next_given ? -1 : (int)layer->at;
	layer->fragment = more || offset;
	if (protocol == IPPROTO_FRAGMENT) {
		put16(bytes + 2, (offset & 0xfff8) | more);
		put32(bytes + 4, id);
	} else if (protocol == IPPROTO_AH) {
		bytes[1] = (uint8_t)((size + 7) / 8 * 2 - 2);
	} else {
		bytes[1] = (uint8_t)((size + 7) / 8 - 1);
	}
	return 0;
}

static int tcp_options(struct words *words, uint8_t *bytes)
{
	static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	uint64_t sequence = 0, acknowledged = 0, window = 0xffff;
	const char *before;
	int r = 0;

	do {
		before = words->at;
		for (unsigned i = 0; i < 6; i++)
			bytes[13] |= (uint8_t)(words_take(words, flags[i]) << i);
		r = words_option(words, "seq", 0xffffffff, &sequence, NULL);
		if (r == 0)
			r = words_option(words, "acked", 0xffffffff, &acknowledged, NULL);
		if (r == 0)
			r = words_option(words, "window", 0xffff, &window, NULL);
	} while (r == 0 && words->at != before);
	put32(bytes + 4, sequence);
	put32(bytes + 8, acknowledged);
	bytes[12] = 5 << 4;
	put16(bytes + 14, window);
	return r;
}

static int put_ports(struct words *words, const char *name, uint8_t *bytes)
{
	uint64_t source = 0, to = 0;
	int r = words_number(words, name, 0xffff, &source);

	if (r == 0 && !words_take(words, ">"))
		r = fail(words->diag, -EINVAL, "%s needs PORT > PORT", name);
	if (r == 0)
		r = words_number(words, name, 0xffff, &to);
	put16(bytes, source);
	put16(bytes + 2, to);
	return r;
}

static int put_icmp(struct words *words, const char *name, uint8_t *bytes)
{
	uint64_t type = 0, code = 0;
	int r = words_number(words, name, 255, &type);

	if (r == 0)
		r = words_option(words, "code", 255, &code, NULL);
	bytes[0] = (uint8_t)type;
	bytes[1] = (uint8_t)code;
	return r;
}

/* Ethernet and IPv4; who has DESTINATION, asks SOURCE. */
static int put_arp(struct words *words, uint8_t *bytes)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	char source[WORD_MAX], to[WORD_MAX];
	int r = words_pair(words, "arp", source, to);

	memcpy(bytes, head, sizeof(head));
	bytes[8] = 2;
	bytes[13] = 1;
	if (r == 0)
		r = put_address(words, AF_INET, source, bytes + 14);
	return r < 0 ? r : put_address(words, AF_INET, to, bytes + 24);
}

static const struct transport {
	const char *name;
	uint16_t ethertype;
	int protocol;
	size_t size;
	int sum_at;
	bool pseudo;
} transports[] = {
	{ "tcp", 0, IPPROTO_TCP, 20, 16, true },
	{ "udp", 0, IPPROTO_UDP, 8, 6, true },
	{ "sctp", 0, IPPROTO_SCTP, 12, -1, false },
	{ "icmp", 0, IPPROTO_ICMP, 8, 2, false },
	{ "icmp6", 0, IPPROTO_ICMPV6, 8, 2, true },
	{ "arp", ETH_P_ARP, -1, 28, -1, false },
};

int layer_transport(struct builder *builder, const char *name, struct words *words)
{
	const struct transport *transport = transports;
	struct layer *layer;
	uint8_t *bytes;
	int r;

	while (strcmp(transport->name, name) != 0)
		transport++;
	r = builder_begin(builder, transport->ethertype ? LAYER_DATA : LAYER_L4,
		(struct layer_name){ transport->ethertype, transport->protocol }, transport->size, &bytes,
		&layer);
	if (r < 0)
		return r;
	layer->sum_at = transport->sum_at < 0 ? -1 : (int)layer->at + transport->sum_at;
	layer->pseudo = transport->pseudo;
	if (transport->ethertype)
		return put_arp(words, bytes);
	if (transport->protocol == IPPROTO_ICMP || transport->protocol == IPPROTO_ICMPV6)
		return put_icmp(words, name, bytes);
	r = put_ports(words, name, bytes);
	return r == 0 && transport->protocol == IPPROTO_TCP ? tcp_options(words, bytes) : r;
}
