/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A packet is built front to back and true; then its lengths are filled in, then lies are told, then the
 * frame is cut or made longer.
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

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void field(struct packet *packet, const uint8_t *at, bool wide, const char *name)
{
	if (packet->n_fields < PACKET_FIELDS)
		packet->fields[packet->n_fields++] =
			(struct packet_field){ (size_t)(at - packet->bytes), wide, name };
}

/* What follows the IP headers. */
static void add_transport(struct packet *packet, uint8_t protocol)
{
	size_t size = (protocol == 6 ? 20 : 8) + chance(40);
	uint8_t *at = append(packet, size);

	if (has_ports(protocol))
		put16(at + 2, chance_port());
	if (protocol == 6) {
		at[12] = (uint8_t)(5 << 4 | chance(16));
		field(packet, at + 12, false, "data offset");
	}
	if (protocol == 17) {
		put16(at + 4, (unsigned)size);
		field(packet, at + 4, true, "UDP length");
	}
	if (protocol == 135 || protocol == 139 || protocol == 140) {
		at[0] = 59;
		at[1] = 0;
		field(packet, at, false, "next header");
		field(packet, at + 1, false, "header length");
	}
}

static void add_ip4(struct packet *packet)
{
	unsigned ihl = chance(3) ? 5 : 5 + chance(11), fragment = chance(4);
	uint8_t protocol = chance(20) ? chance_protocol() : (uint8_t)chance(256), source[16];
	uint8_t *at = append(packet, ihl * 4);

	at[0] = (uint8_t)(0x40 | ihl);
	put16(at + 6, fragment == 1 ? 0x2000 : fragment == 2 ? 1 << chance(13) : chance(2) ? 0x4000 : 0);
	at[9] = protocol;
	chance_address(false, source);
	memcpy(at + 12, source, 4);
	field(packet, at, false, "version and header length");
	field(packet, at + 2, true, "total length");
	field(packet, at + 6, true, "fragment");
	field(packet, at + 9, false, "protocol");
	describe(packet, " ip4 %u.%u.%u.%u ihl %u protocol %u fragment 0x%04x", at[12], at[13], at[14],
		at[15], ihl, protocol, get16(at + 6));
	add_transport(packet, protocol);
	put16(at + 2, (unsigned)(packet->bytes + packet->size - at));
}

/* One extension header of type `type`, before one of type `next`. */
static void add_extension(struct packet *packet, uint8_t type, uint8_t next)
{
	unsigned length = chance(4) ? chance(3) : chance(24), size = (length + 1) * 8;
	uint8_t *at;

	if (type == 51)
		size = (length + 2) * 4;
	if (type == 44)
		size = 8;
	at = append(packet, size);
	at[0] = next;
	at[1] = (uint8_t)(type == 44 ? chance(256) : length);
	field(packet, at, false, "next header");
	if (type == 44) {
		put16(at + 2, chance(2) ? chance(8) : 1 << chance(13) << 3 | chance(8));
		field(packet, at + 2, true, "fragment");
	} else {
		field(packet, at + 1, false, "header length");
	}
	describe(packet, " [%u: %u bytes%s]", type, size,
		type == 44 && get16(at + 2) & 0xfff8 ? ", later fragment" : "");
}

static void add_ip6(struct packet *packet)
{
	static const uint8_t kinds[] = { 0, 43, 60, 51, 44 }, ends[] = { 135, 139, 140 };
	unsigned n = chance(2) ? 0 : chance(4) ? chance(5) : chance(11);
	uint8_t types[17], *at = append(packet, 40);

	for (unsigned i = 0; i < n; i++)
		types[i] = kinds[chance(sizeof(kinds))];
	types[n] = !chance(20) ? ends[chance(3)] : chance(20) ? chance_protocol() : (uint8_t)chance(256);
	at[0] = 0x60;
	at[6] = types[0];
	chance_address(true, at + 8);
	field(packet, at, false, "version");
	field(packet, at + 4, true, "payload length");
	field(packet, at + 6, false, "next header");
	describe(packet, " ip6 %02x%02x:%02x%02x::%02x%02x protocol %u", at[8], at[9], at[10], at[11], at[22],
		at[23], types[n]);
	for (unsigned i = 0; i < n; i++)
		add_extension(packet, types[i], types[i + 1]);
	add_transport(packet, types[n]);
	put16(at + 4, (unsigned)(packet->bytes + packet->size - at - 40));
}

/* A field says more or less than is true, or anything. */
static void lie(struct packet *packet)
{
	const struct packet_field *field = &packet->fields[chance((uint32_t)packet->n_fields)];
	uint8_t *at = packet->bytes + field->at;
	unsigned old = field->wide ? get16(at) : at[0], new = old;

	switch (chance(5)) {
	case 0:
		new = chance(2) ? 0 : 0xffff;
		break;
	case 1:
		new = chance(65536);
		break;
	case 2:
		new = old ^ 1U << chance(field->wide ? 16 : 8);
		break;
	default:
		new = old + chance(49) - 24;
	}
	if (field->wide)
		put16(at, new);
	else
		at[0] = (uint8_t) new;
	describe(packet, "; %s 0x%x, not 0x%x", field->name, field->wide ? new & 0xffff : at[0], old);
}

/* Less than there should be, or more: noise, or what looks like the end of the packet once again. */
static void change_end(struct packet *packet)
{
	size_t old = packet->size, n = 1 + chance(60);

	if (chance(2)) {
		packet->size = chance(3) && n < old - 14 ? old - n : 14 + chance((uint32_t)old - 14);
	} else {
		uint8_t *at = append(packet, n);

		n = n < old ? n : old;
		if (chance(2))
			memcpy(at, at - n, n);
	}
	describe(packet, "; %zu bytes, not %zu", packet->size, old);
}

void packet_make(struct packet *packet)
{
	unsigned tags = chance(2) ? 0 : chance(10) ? chance(5) : 5 + chance(2), type = chance(10);
	uint16_t ethertype = type == 0	 ? 0x0806
			     : type == 1 ? (uint16_t)chance(0x600)
			     : type < 6	 ? 0x0800
					 : 0x86dd;

	memset(packet, 0, sizeof(*packet));
	append(packet, 12);
	describe(packet, "%u tags", tags);
	for (unsigned i = 0; i < tags; i++) {
		put16(append(packet, 2), chance(2) ? 0x8100 : chance(2) ? 0x88a8 : 0x9100);
		append(packet, 2);
	}
	put16(append(packet, 2), ethertype);
	describe(packet, " ethertype 0x%04x", ethertype);
	if (ethertype == 0x0800)
		add_ip4(packet);
	else if (ethertype == 0x86dd)
		add_ip6(packet);
	else
		append(packet, 46);
	for (unsigned n = chance(3) ? 0 : 1 + chance(3); n && packet->n_fields; n--)
		lie(packet);
	if (!chance(4))
		change_end(packet);
}
