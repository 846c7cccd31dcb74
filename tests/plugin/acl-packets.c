/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets are built front to back. `need` is how much of the frame must be there for it to be understood;
 * what the headers say about themselves goes into the struct at the moment they are written.
 */
#include "acl-packets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t state;

void chance_seed(uint64_t seed)
{
	state = seed * 2 + 1;
}

uint32_t chance(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 20) % below);
}

void chance_address(bool ipv6, uint8_t address[16])
{
	static const uint8_t bits4[] = { 7, 8, 15, 16, 23, 24, 30, 31 };
	static const uint8_t bits6[] = { 15, 31, 32, 47, 63, 64, 65, 96, 126, 127 };

	memset(address, 0, 16);
	address[0] = ipv6 ? 0x20 : 10;
	for (unsigned i = 0; i < (ipv6 ? sizeof(bits6) : sizeof(bits4)); i++) {
		unsigned bit = ipv6 ? bits6[i] : bits4[i];

		if (!chance(3))
			address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
}

uint16_t chance_port(void)
{
	static const uint16_t ports[] = { 0, 1, 22, 53, 79, 80, 81, 443, 1024, 65534, 65535 };

	return chance(8) ? ports[chance(sizeof(ports) / sizeof(*ports))] : (uint16_t)chance(65536);
}

uint8_t chance_protocol(void)
{
	static const uint8_t protocols[] = { 6, 6, 6, 17, 17, 17, 1, 58, 132, 33, 136, 47, 50 };

	return protocols[chance(sizeof(protocols))];
}

static bool has_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 || protocol == 136;
}

__attribute__((format(printf, 2, 3))) static void describe(struct packet *packet, const char *format, ...)
{
	size_t n = strlen(packet->text);
	va_list args;

	va_start(args, format);
	vsnprintf(packet->text + n, sizeof(packet->text) - n, format, args);
	va_end(args);
}

static uint8_t *append(struct packet *packet, size_t size)
{
	uint8_t *at = packet->bytes + packet->size;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)chance(256);
	packet->size += size;
	return at;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* What follows the IP headers. Returns how much of the packet is needed. */
static size_t add_transport(struct packet *packet)
{
	size_t need = packet->size;
	uint8_t *at = append(packet, 8 + chance(40));

	if (packet->kind != PACKET_PLAIN)
		return need;
	packet->has_ports = has_ports(packet->protocol);
	if (packet->has_ports) {
		packet->dport = chance_port();
		put16(at + 2, packet->dport);
		describe(packet, " dport %u", packet->dport);
	}
	if (packet->has_ports || packet->protocol == 1 || packet->protocol == 58)
		need += 4;
	return need;
}

static size_t add_ip4(struct packet *packet)
{
	unsigned ihl = chance(3) ? 5 : 5 + chance(11), fragment = chance(4);
	uint8_t *at = append(packet, ihl * 4);

	at[0] = (uint8_t)(0x40 | ihl);
	put16(at + 6, fragment == 1 ? 0x2000 : fragment == 2 ? 1 << chance(13) : chance(2) ? 0x4000 : 0);
	packet->protocol = chance(20) ? chance_protocol() : (uint8_t)chance(256);
	at[9] = packet->protocol;
	chance_address(false, packet->source);
	memcpy(at + 12, packet->source, 4);
	describe(packet, " ip4 %u.%u.%u.%u ihl %u protocol %u%s", at[12], at[13], at[14], at[15], ihl,
		packet->protocol,
		fragment == 1	? " first fragment"
		: fragment == 2 ? " later fragment"
				: "");
	if (fragment == 2)
		packet->kind = PACKET_LATER;
	if (!chance(40)) {
		at[0] = (uint8_t)(chance(2) ? 0x40 | chance(5) : chance(4) << 4 | ihl);
		describe(packet, " first byte 0x%02x", at[0]);
		packet->kind = PACKET_UNKNOWN;
	}
	return add_transport(packet);
}

/* One extension header of type `type`, before one of type `next`. */
static void add_extension(struct packet *packet, uint8_t type, uint8_t next)
{
	unsigned length = chance(4) ? chance(3) : chance(24), size = (length + 1) * 8, offset = 0;
	uint8_t *at;

	if (type == 51)
		size = (length + 2) * 4;
	if (type == 44)
		size = 8;
	if (type == 51 && size < 8)
		size = 8;
	at = append(packet, size);
	at[0] = next;
	at[1] = (uint8_t)(type == 44 ? chance(256) : length);
	if (type == 44) {
		offset = chance(2) ? 0 : 1 << chance(13);
		put16(at + 2, offset << 3 | chance(8));
		if (offset)
			packet->kind = PACKET_LATER;
	}
	describe(packet, " [%u: %u bytes%s]", type, size, offset ? ", later fragment" : "");
}

static size_t add_extensions(struct packet *packet, const uint8_t *types, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t next = i + 1 < n ? types[i + 1] : packet->protocol;

		if (i == 8) {
			packet->kind = PACKET_UNKNOWN;
			break;
		}
		add_extension(packet, types[i], next);
		if (packet->kind == PACKET_LATER) {
			if (i + 1 < n)
				packet->kind = PACKET_UNKNOWN; /* protocol hidden */
			break;
		}
	}
	return packet->size;
}

static size_t add_ip6(struct packet *packet)
{
	static const uint8_t kinds[] = { 0, 43, 60, 51, 44 }, ends[] = { 135, 139, 140 };
	unsigned n = chance(2) ? 0 : chance(4) ? chance(5) : chance(11);
	uint8_t types[16], *at = append(packet, 40);
	bool end = !chance(20);
	size_t need;

	for (unsigned i = 0; i < n; i++)
		types[i] = kinds[chance(sizeof(kinds))];
	do
		packet->protocol = end		? ends[chance(3)]
				   : chance(20) ? chance_protocol()
						: (uint8_t)chance(256);
	while (memchr(kinds, packet->protocol, sizeof(kinds)) || (!end && memchr(ends, packet->protocol, 3)));
	at[0] = 0x60;
	at[6] = n ? types[0] : packet->protocol;
	chance_address(true, packet->source);
	memcpy(at + 8, packet->source, 16);
	describe(packet, " ip6 %02x%02x:%02x%02x::%02x%02x protocol %u", at[8], at[9], at[10], at[11], at[22],
		at[23], packet->protocol);
	need = add_extensions(packet, types, n);
	if (!chance(40)) {
		at[0] = (uint8_t)(chance(6) << 4);
		describe(packet, " first byte 0x%02x", at[0]);
		packet->kind = PACKET_UNKNOWN;
	}
	if (end && packet->kind == PACKET_PLAIN) {
		at = append(packet, 8);
		at[0] = chance(2) ? 59 : 6;
		describe(packet, " next %u", at[0]);
		if (at[0] != 59)
			packet->kind = PACKET_UNKNOWN;
		return need + 8;
	}
	need = packet->kind == PACKET_UNKNOWN ? need : add_transport(packet);
	return need;
}

void packet_make(struct packet *packet)
{
	unsigned tags = chance(2) ? 0 : chance(10) ? chance(5) : 5 + chance(2), type = chance(10);
	uint16_t ethertype = type == 0	 ? 0x0806
			     : type == 1 ? (uint16_t)chance(0x600)
			     : type < 6	 ? 0x0800
					 : 0x86dd;
	size_t need;

	memset(packet, 0, sizeof(*packet));
	append(packet, 12);
	describe(packet, "%u tags", tags);
	for (unsigned i = 0; i < tags; i++) {
		put16(append(packet, 2), chance(2) ? 0x8100 : 0x88a8);
		append(packet, 2);
	}
	put16(append(packet, 2), ethertype);
	need = packet->size;
	packet->ipv6 = ethertype == 0x86dd;
	if (ethertype == 0x0800) {
		need = add_ip4(packet);
	} else if (packet->ipv6) {
		need = add_ip6(packet);
	} else {
		describe(packet, " ethertype 0x%04x", ethertype);
		packet->kind = PACKET_NOT_IP;
		append(packet, 46);
	}
	if (tags > 4)
		packet->kind = PACKET_UNKNOWN;
	if (!chance(8)) {
		packet->size = chance(3) ? need - chance(5) : 14 + chance((uint32_t)packet->size - 13);
		if (packet->size < 14)
			packet->size = 14;
		describe(packet, " cut to %zu of %zu", packet->size, need);
	}
	if (packet->size < need)
		packet->kind = PACKET_UNKNOWN;
}
