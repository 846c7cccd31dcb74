/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One table maps a header's name to the function that makes it. */
#include "layer.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/diag.h"

static int put_mac(struct words *words, const char *word, uint8_t *at)
{
	const struct ether_addr *mac = ether_aton(word);

	if (!mac)
		return fail(words->diag, -EINVAL, "eth: \"%s\" is not a MAC address", word);
	memcpy(at, mac, ETH_ALEN);
	return 0;
}

/* The ethertype of an Ethernet header or tag: given, or for what follows to say. */
static int ethertype(struct words *words, uint8_t *at, size_t offset, struct layer *layer)
{
	uint64_t type = 0x88b5; /* for local experiments: nothing follows that has a number */
	bool given = false;
	int r = words_option(words, "type", 0xffff, &type, &given);

	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
	layer->next_at = given ? -1 : (int)(layer->at + offset);
	return r;
}

static int layer_eth(struct builder *builder, const char *name, struct words *words)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	char source[WORD_MAX], to[WORD_MAX];
	const char *before = words->at;
	struct layer *layer;
	uint8_t *bytes;
	int r;

	if (builder->n)
		return fail(builder->diag, -EINVAL, "eth can only come first");
	r = builder_begin(builder, LAYER_ETH, NAMELESS, ETH_HLEN, &bytes, &layer);
	if (r < 0)
		return r;
	memcpy(bytes, macs, sizeof(macs));
	if (words_next(words, source) && strcmp(source, "type") != 0) {
		words->at = before;
		r = words_pair(words, "eth", source, to);
		if (r == 0)
			r = put_mac(words, to, bytes);
		if (r == 0)
			r = put_mac(words, source, bytes + ETH_ALEN);
	} else {
		words->at = before;
	}
	return r < 0 ? r : ethertype(words, bytes + 12, 12, layer);
}

static int layer_tag(struct builder *builder, const char *name, struct words *words)
{
	uint16_t type = !strcmp(name, "vlan") ? ETH_P_8021Q
			: !strcmp(name, "ad") ? ETH_P_8021AD
					      : ETH_P_QINQ1;
	uint64_t id = 0, priority = 0;
	struct layer *layer;
	uint8_t *bytes;
	int r;

	r = builder_begin(builder, LAYER_TAG, (struct layer_name){ type, -1 }, 4, &bytes, &layer);
	if (r == 0)
		r = words_number(words, name, 4095, &id);
	if (r == 0)
		r = words_option(words, "prio", 7, &priority, NULL);
	if (r < 0)
		return r;
	bytes[0] = (uint8_t)(priority << 5 | id >> 8);
	bytes[1] = (uint8_t)id;
	return ethertype(words, bytes + 2, 2, layer);
}

static int layer_hex(struct builder *builder, const char *name, struct words *words)
{
	char word[WORD_MAX];
	struct layer *layer;
	uint8_t *bytes;
	int r = 0;

	/* The packet's first layer may be all of its bytes. */
	if (builder->n)
		r = builder_begin(builder, LAYER_DATA, NAMELESS, 0, &bytes, &layer);
	else
		builder->layers[builder->n++] = (struct layer){ .next_at = -1, .sum_at = -1 };
	while (r == 0 && words_next(words, word)) {
		for (const char *at = word; r == 0 && *at; at += 2) {
			char digits[3] = { at[0], at[1] };
			uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

			if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
				return fail(builder->diag, -EINVAL, "hex: \"%s\" is not pairs of hex digits",
					word);
			r = builder_append(builder, &byte, 1);
		}
	}
	return r;
}

static int layer_zeros(struct builder *builder, const char *name, struct words *words)
{
	struct layer *layer;
	uint64_t size = 0;
	uint8_t *bytes;
	int r = words_number(words, name, PACKET_MAX, &size);

	return r < 0 ? r : builder_begin(builder, LAYER_DATA, NAMELESS, size, &bytes, &layer);
}

static int layer_end(struct builder *builder, const char *name, struct words *words)
{
	uint64_t size = 0;
	int r = words_number(words, name, PACKET_MAX, &size);

	*(*name == 'c' ? &builder->cut : &builder->pad) = size;
	return r;
}

static int layer_any_ip(struct builder *builder, const char *name, struct words *words)
{
	return layer_ip(builder, words);
}

static const struct {
	const char *name;
	int (*add)(struct builder *builder, const char *name, struct words *words);
} kinds[] = {
	{ "eth", layer_eth },
	{ "vlan", layer_tag },
	{ "ad", layer_tag },
	{ "qinq", layer_tag },
	{ "ip", layer_any_ip },
	{ "hop", layer_extension },
	{ "dst", layer_extension },
	{ "route", layer_extension },
	{ "frag", layer_extension },
	{ "ah", layer_extension },
	{ "tcp", layer_transport },
	{ "udp", layer_transport },
	{ "sctp", layer_transport },
	{ "icmp", layer_transport },
	{ "icmp6", layer_transport },
	{ "arp", layer_transport },
	{ "hex", layer_hex },
	{ "zeros", layer_zeros },
	{ "cut", layer_end },
	{ "pad", layer_end },
};

int layer_add(struct builder *builder, const char *name, struct words *words)
{
	char known[256] = "";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return kinds[i].add(builder, name, words);
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s", kinds[i].name);
	}
	return fail(builder->diag, -EINVAL, "there is no header \"%s\"; the headers are:%s, and \"text\"",
		name, known);
}

/* One character of a text, perhaps escaped. NULL when the escape is none. */
static const char *unescape(const char *at, uint8_t *ret)
{
	static const char from[] = "nrt0\\\"", to[] = "\n\r\t\0\\\"";
	const char *found;

	if (*at != '\\') {
		*ret = (uint8_t)*at;
		return at + 1;
	}
	if (at[1] == 'x' && isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3])) {
		char digits[3] = { at[2], at[3] };

		*ret = (uint8_t)strtoul(digits, NULL, 16);
		return at + 4;
	}
	found = at[1] ? strchr(from, at[1]) : NULL;
	if (!found)
		return NULL;
	*ret = (uint8_t)to[found - from];
	return at + 2;
}

int layer_text(struct builder *builder, const char *quoted)
{
	struct layer *layer;
	uint8_t *bytes, byte;
	const char *at;
	int r = builder_begin(builder, LAYER_DATA, NAMELESS, 0, &bytes, &layer);

	for (at = quoted + 1; r == 0 && *at && *at != '"';) {
		at = unescape(at, &byte);
		if (!at)
			return fail(builder->diag, -EINVAL, "%s: \\ is followed by none of n r t 0 xNN \\ \"",
				quoted);
		r = builder_append(builder, &byte, 1);
	}
	if (r == 0 && (*at != '"' || at[1 + strspn(at + 1, " \t")]))
		return fail(
			builder->diag, -EINVAL, "%s: a text ends with \", and nothing follows it", quoted);
	return r;
}
