/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as a frame: xslot_parse(), compiled for this machine, reads none that lies outside of its first
 * buffer, and finds what tests/plugin/reference.c finds, which shares nothing with it. As in BPF, addresses
 * of packets have 32 bits.
 *
 * An input begins with five bytes: whether the chain has frags, the bytes in the first buffer (if so), and
 * how many zeros stand behind the frame's last byte.
 */
#include "fuzz.h"

/* The host's constant, to be changed here; the helper, to be answered here. */
#define xslot_frags (*frags)
#define bpf_xdp_get_buff_len get_buff_len
#include <xslot/parse.bpf.h>

#include "plugin/reference.h"

#define HEAD 5
#define LIMIT (1 << 17)
#define BUFFER ((uint8_t *)0x20000000)

static uint8_t frame[LIMIT + (1 << 16)];
static size_t size;

static __u64 answer(struct xdp_md *ctx)
{
	return size;
}

/* Of two pages, the second of which nobody may read, so many, up to the border of both. */
static uint8_t *place(size_t first)
{
	static uint8_t *border;

	if (!border) {
		border = BUFFER + LIMIT;
		expect(mmap(BUFFER, LIMIT, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == BUFFER,
			"there are addresses of 32 bits");
		expect(mmap(border, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			       0) == border,
			"there is a border");
	}
	memcpy(border - first, frame, first);
	return border - first;
}

static void compare(const struct xslot_packet *packet, const struct reference *reference)
{
	uint8_t source[16] = {};

	expect((packet->family == 6) == reference->ipv6 && (packet->family == 4) == !reference->ipv6,
		"family");
	memcpy(source, &packet->source, packet->family == 4 ? 4 : 16);
	expect(memcmp(source, reference->source, 16) == 0, "source");
	expect(!(packet->flags & XSLOT_PACKET_PROTOCOL_HIDDEN) == reference->has_protocol,
		"a protocol that is known");
	expect(packet->protocol == (reference->has_protocol ? reference->protocol : IPPROTO_FRAGMENT),
		"protocol");
	expect(!!(packet->flags & XSLOT_PACKET_PORTS) == reference->has_ports, "ports");
	expect(!!(packet->flags & XSLOT_PACKET_ICMP) == reference->has_type, "ICMP");
	if (reference->has_ports)
		expect(packet->sport == htobe16(reference->sport) &&
				packet->dport == htobe16(reference->dport),
			"the same ports");
	if (reference->has_type)
		expect(packet->icmp_type == reference->type && packet->icmp_code == reference->code,
			"the same type");
	expect(packet->l4 == reference->at && packet->l4_length == reference->size,
		"what is behind the headers");
}

static void check(enum xslot_parsed outcome, const struct xslot_packet *packet, size_t first)
{
	struct reference reference;
	bool later = packet->flags & XSLOT_PACKET_LATER_FRAGMENT,
	     begun = packet->flags & XSLOT_PACKET_FIRST_FRAGMENT;
	enum reference_kind kind = later ? REFERENCE_LATER : begun ? REFERENCE_FIRST : REFERENCE_WHOLE;

	reference_read(frame, size, &reference);
	if (outcome == XSLOT_PARSED) {
		expect(reference.kind == kind, "the same kind of packet");
		compare(packet, &reference);
	} else if (outcome == XSLOT_PARSED_NOT_IP) {
		expect(reference.kind == REFERENCE_NOT_IP, "not IP");
	} else if (reference.kind != REFERENCE_UNKNOWN) {
		/* Headers must lie in the first buffer, up to the fixed part of TCP's. */
		expect(outcome == XSLOT_PARSED_TRUNCATED && first < size && first < reference.at + 20,
			"what is known is parsed");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static __u8 in_frags;
	struct xslot_packet packet, addresses;
	enum xslot_parsed outcome, until_addresses;
	struct xdp_md ctx = {};
	size_t first, zeros;
	uint8_t *at;

	if (n < HEAD || n > LIMIT)
		return 0;
	frags = &in_frags;
	get_buff_len = answer;
	in_frags = data[0] & 1;
	first = (size_t)data[1] << 8 | data[2];
	zeros = (size_t)data[3] << 8 | data[4];
	size = n - HEAD + zeros;
	memcpy(frame, data + HEAD, n - HEAD);
	memset(frame + n - HEAD, 0, zeros);
	first = in_frags && first < size ? first : size;
	if (first > LIMIT)
		return 0;
	at = place(first);
	ctx.data = (__u32)(uintptr_t)at;
	ctx.data_end = ctx.data + (__u32)first;
	outcome = xslot_parse(&ctx, &packet);
	check(outcome, &packet, first);
	until_addresses = xslot_parse_addresses(&ctx, &addresses);
	expect(until_addresses == XSLOT_PARSED || until_addresses == outcome,
		"the same outcome up to the addresses");
	expect(addresses.family == packet.family &&
			memcmp(&addresses.source, &packet.source, sizeof(packet.source)) == 0,
		"the same addresses");
	return 0;
}
