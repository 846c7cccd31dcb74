/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * xslot/parse.bpf.h on packets made by hand: each kind of header alone, at its bound and one past it, and
 * each of them cut at every byte: the frame, the packet by its length, or both. Whatever is parsed is read by
 * reference.c, too, and so are random packets.
 */
#include <stdlib.h>
#include <string.h>

#include "acl-packets.h"
#include "check.h"
#include "parse-rig.h"

#define RANDOM_PACKETS 30000

static void assert_found(const struct found *found, unsigned outcome, unsigned protocol, unsigned flags)
{
	assert_int_equal(found->outcome, outcome);
	assert_int_equal(found->protocol, protocol);
	assert_int_equal(found->flags, flags);
	assert_int_equal(found->sport, flags & PORTS ? 12345 : found->sport);
	assert_int_equal(found->dport, flags & PORTS ? 80 : found->dport);
}

static void test_plain(void **arg)
{
	static const uint8_t with_ports[] = { 6, 17, 33, 132, 136 },
			     without[] = { 2, 47, 50, 51, 60, 89, 135, 139, 140 };
	static const uint8_t source4[4] = { 192, 0, 2, 1 }, destination4[4] = { 198, 51, 100, 2 };
	struct found found;

	for (size_t i = 0; i < sizeof(with_ports); i++) {
		begin(0x0800, 0, 0);
		add_ip4(with_ports[i], 0, 0x4000);
		add_transport(with_ports[i]);
		found = parse_all_cuts(size);
		assert_found(&found, PARSED, with_ports[i], PORTS);
		assert_int_equal(found.family, 4);
		assert_int_equal(found.ethertype, 0x0800);
		assert_int_equal(found.l3, 14);
		assert_int_equal(found.l4, 34);
		assert_memory_equal(found.source, source4, 4);
		assert_memory_equal(found.destination, destination4, 4);
	}
	for (size_t i = 0; i < sizeof(without); i++) {
		begin(0x0800, 0, 0);
		add_ip4(without[i], 0, 0);
		add_transport(0);
		found = parse_all_cuts(34);
		assert_found(&found, PARSED, without[i], 0);
	}
}

static void test_ip6(void **arg)
{
	struct found found;

	begin(0x86dd, 0, 0);
	add_ip6(17);
	add_transport(17);
	found = parse_all_cuts(62);
	assert_found(&found, PARSED, 17, PORTS);
	assert_int_equal(found.family, 6);
	assert_int_equal(found.l3, 14);
	assert_int_equal(found.l4, 54);
	assert_memory_equal(found.source, bytes + 22, 16);
	assert_memory_equal(found.destination, bytes + 38, 16);
}

static void test_icmp(void **arg)
{
	struct found found;

	begin(0x0800, 0, 0);
	add_ip4(1, 0, 0);
	ADD(8, 3, 0, 0, 0, 1, 0, 1);
	found = parse_all_cuts(38);
	assert_found(&found, PARSED, 1, ICMP);
	assert_int_equal(found.icmp_type, 8);
	assert_int_equal(found.icmp_code, 3);
	begin(0x86dd, 0, 0);
	add_ip6(58);
	ADD(135, 1, 0, 0, 0, 1, 0, 1);
	found = parse_all_cuts(58);
	assert_found(&found, PARSED, 58, ICMP);
	assert_int_equal(found.icmp_type, 135);
}

static void test_tags(void **arg)
{
	struct found found;

	for (unsigned tags = 1; tags <= 6; tags++) {
		begin(0x86dd, tags, (unsigned[]){ 0x8100, 0x88a8, 0x9100 }[tags % 3]);
		add_ip6(6);
		add_transport(6);
		if (tags > 4)
			ip_family = 0; /* not reached */
		found = parse_all_cuts(tags <= 4 ? size : 30);
		assert_int_equal(found.outcome, tags <= 4 ? PARSED : TOO_DEEP);
		assert_int_equal(found.tags, tags <= 4 ? tags : 4);
		assert_int_equal(found.outer_vlan, 7);
		assert_int_equal(found.inner_vlan, tags == 1 ? 0 : (tags <= 4 ? tags - 1 : 3) * 256 + 7);
		assert_int_equal(found.priority, 1);
		assert_int_equal(found.dport, tags <= 4 ? 80 : 0);
	}
}

/* Whatever bits a SYN has besides: they are those of byte 13 (RFC 9293, 3.1). */
static void test_tcp_flags(void **arg)
{
	struct found found;

	for (unsigned flags = 0; flags < 256; flags++) {
		begin(0x86dd, 0, 0);
		add_ip6(6);
		add_transport(6);
		bytes[54 + 13] = (uint8_t)flags;
		say(size);
		found = parse();
		assert_int_equal(found.tcp_flags, flags);
		bytes[54 + 12] = 0x40; /* the header is too short: nothing of it counts */
		found = parse();
		assert_int_equal(found.outcome, MALFORMED);
		assert_int_equal(found.tcp_flags, 0);
	}
	begin(0x0800, 0, 0);
	add_ip4(17, 0, 0);
	add_transport(17);
	ADD(1, 2, 3, 4, 5, 6, 7, 8);
	bytes[34 + 5] = 16;
	say(size);
	found = parse();
	assert_int_equal(found.outcome, PARSED);
	assert_int_equal(found.tcp_flags, 0);
}

static void test_not_ip(void **arg)
{
	static const unsigned types[] = { 0x0806, 0x8863, 0x88cc, 0x8847, 46 };
	struct found found;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		begin(types[i], i % 3, 0x8100);
		add_ip4(6, 0, 0);
		ip_family = 0;
		found = parse_all_cuts(14 + i % 3 * 4);
		assert_int_equal(found.outcome, NOT_IP);
		assert_int_equal(found.ethertype, types[i]);
		assert_int_equal(found.family, 0);
	}
}

static void test_options(void **arg)
{
	struct found found;

	for (unsigned options = 1; options <= 10; options++) {
		begin(0x0800, 0, 0);
		add_ip4(6, options, 0);
		add_transport(6);
		found = parse_all_cuts(54 + options * 4);
		assert_found(&found, PARSED, 6, PORTS);
		assert_int_equal(found.l4, 34 + options * 4);
	}
}

static void test_malformed(void **arg)
{
	begin(0x0800, 0, 0);
	add_ip4(6, 10, 0);
	memset(bytes + 34, 0x50, 80); /* a TCP header, wherever the IP header ends */
	size = 114;
	say(size);
	for (unsigned first = 0; first < 256; first++) {
		bytes[14] = (uint8_t)first;
		assert_int_equal(parse().outcome, first >> 4 == 4 && (first & 15) >= 5 ? PARSED : MALFORMED);
	}
	begin(0x86dd, 0, 0);
	add_ip6(6);
	add_transport(6);
	say(size);
	for (unsigned first = 0; first < 256; first++) {
		bytes[14] = (uint8_t)first;
		assert_int_equal(parse().outcome, first >> 4 == 6 ? PARSED : MALFORMED);
	}
}

static void test_fragments(void **arg)
{
	static const unsigned later[] = { 3, 0x2003, 0x1000, 0x1fff, 0x3fff };
	static const uint8_t kinds[] = { 6, 17, 33, 132, 136, 1, 47 }, first_free[] = { 3, 1, 2, 2, 1, 1, 1 };
	struct found found;

	begin(0x0800, 0, 0);
	add_ip4(6, 0, 0x2000);
	add_transport(6);
	found = parse_all_cuts(54);
	assert_found(&found, PARSED, 6, PORTS | FIRST);
	for (size_t i = 0; i < 5; i++) {
		begin(0x0800, 0, 0);
		add_ip4(6, 2, later[i]);
		add_transport(0);
		found = parse_all_cuts(42);
		assert_found(&found, PARSED, 6, LATER);
		assert_int_equal(found.dport, 0);
	}
	/* Over the transport header that the first one must hold; and right behind it. */
	for (size_t i = 0; i < sizeof(kinds); i++)
		for (unsigned offset = 1; offset < 5; offset++) {
			begin(0x0800, 0, 0);
			add_ip4(kinds[i], 0, offset | 0x2000);
			add_transport(0);
			say(size);
			assert_int_equal(parse().outcome, offset < first_free[i] ? MALFORMED : PARSED);
		}
}

/* A later fragment tells nothing of its protocol, whatever it says. */
static void test_ip6_fragments(void **arg)
{
	static const uint8_t said[] = { 6, 17, 58, 60, 44, 59, 255 };
	struct found found;

	/* Offset and more: 0 and no (whole), 0 and yes, 1 and no, the last and yes. */
	for (unsigned i = 0; i < 4; i++) {
		begin(0x86dd, 0, 0);
		add_ip6(44);
		add_header(17, 1);
		bytes[56] = i == 3 ? 0xff : 0;
		bytes[57] = (uint8_t[]){ 0, 1, 8, 0xf9 }[i];
		add_transport(17);
		found = parse_all_cuts(i < 2 ? 70 : 62);
		assert_found(&found, PARSED, i < 2 ? 17 : 44,
			(const uint32_t[]){ PORTS, PORTS | FIRST, LATER | HIDDEN, LATER | HIDDEN }[i]);
	}
	for (unsigned i = 0; i < sizeof(said); i++) {
		begin(0x86dd, 0, 0);
		add_ip6(0);
		add_header(44, 2);
		add_header(said[i], 1);
		bytes[54 + 16 + 3] = 8;
		add_header(6, 1);
		found = parse_all_cuts(78);
		assert_found(&found, PARSED, 44, LATER | HIDDEN);
		assert_int_equal(found.l4, 78);
		assert_int_equal(found.l4_length, 8);
	}
	/* One fragment in another: a later one of either is a later one. */
	begin(0x86dd, 0, 0);
	add_ip6(44);
	add_header(44, 1);
	bytes[57] = 1;
	add_header(17, 1);
	bytes[65] = 9;
	add_transport(17);
	found = parse_all_cuts(70);
	assert_found(&found, PARSED, 44, LATER | HIDDEN);
	bytes[57] = 8;
	found = parse_all_cuts(62);
	assert_found(&found, PARSED, 44, LATER | HIDDEN);
}

static void test_extension_headers(void **arg)
{
	static const uint8_t kinds[] = { 0, 43, 60, 44 };
	struct found found;

	for (unsigned n = 1; n <= 9; n++) {
		begin(0x86dd, 0, 0);
		add_ip6(kinds[0]);
		for (unsigned i = 0; i < n; i++)
			add_header(i + 1 < n ? kinds[(i + 1) % 4] : 6, kinds[i % 4] == 44 ? 1 : 1 + i);
		say(size);
		found = parse();
		if (n > 8) {
			assert_int_equal(found.outcome, TOO_DEEP);
			break;
		}
		assert_int_equal(found.outcome, TRUNCATED);
		add_transport(6);
		found = parse_all_cuts(size);
		assert_found(&found, PARSED, 6, PORTS);
		assert_int_equal(found.l4, size - 20);
		assert_int_equal(found.l4_length, 20);
	}
	begin(0x86dd, 0, 0); /* the longest header there is */
	add_ip6(60);
	add_header(17, 256);
	add_transport(17);
	say(size);
	found = parse();
	assert_found(&found, PARSED, 17, PORTS);
	assert_int_equal(found.l4, 54 + 2048);
}

static void test_authentication(void **arg)
{
	struct found found;

	begin(0x86dd, 0, 0);
	add_ip6(51);
	add_header(6, 3);
	bytes[55] = 4; /* in units of 4 bytes, less 2 */
	add_transport(6);
	found = parse_all_cuts(98);
	assert_found(&found, PARSED, 6, PORTS);
	bytes[55] = 0; /* shorter than its fixed part */
	assert_int_equal(parse().outcome, MALFORMED);
	bytes[55] = 255; /* longer than the packet */
	assert_int_equal(parse().outcome, TRUNCATED);
	begin(0x0800, 0, 0);
	add_ip4(51, 0, 0);
	add_header(6, 3);
	add_transport(6);
	say(size);
	found = parse();
	assert_found(&found, PARSED, 51, 0);
}

/* Linux's stack ends at these too: what follows them must not pass for the packet's protocol. */
static void test_mobility(void **arg)
{
	static const uint8_t kinds[] = { 135, 139, 140 };
	struct found found;

	for (unsigned i = 0; i < 3; i++) {
		begin(0x86dd, 0, 0);
		add_ip6(60);
		add_header(kinds[i], 1);
		add_header(59, 1);
		found = parse_all_cuts(70);
		assert_found(&found, PARSED, kinds[i], 0);
		bytes[63] = 1;
		assert_int_equal(parse().outcome, TRUNCATED);
		bytes[63] = 0;
		bytes[62] = 6;
		add_transport(6);
		say(size);
		found = parse();
		assert_int_equal(found.outcome, MALFORMED);
	}
}

/* What stands behind the packet's end is not read: a whole header there, of whatever kind. */
static void test_padding(void **arg)
{
	struct found found;

	begin(0x86dd, 0, 0);
	add_ip6(60);
	add_header(17, 1);
	add_transport(17);
	say(62);
	assert_int_equal(parse().outcome, TRUNCATED);
	begin(0x0800, 0, 0);
	add_ip4(17, 0, 0);
	add_transport(17);
	say(34);
	assert_int_equal(parse().outcome, TRUNCATED);
	/* The shortest frames that Ethernet has are longer than many a packet. */
	begin(0x0800, 0, 0);
	add_ip4(17, 0, 0);
	add_transport(17);
	say(size);
	memset(bytes + size, 0xff, 60);
	for (size = 42; size <= 60; size++) {
		found = parse();
		assert_found(&found, PARSED, 17, PORTS);
		assert_int_equal(found.l4_length, 8);
	}
}

static void test_transport_lengths(void **arg)
{
	unsigned outcome;

	for (unsigned length = 0; length < 40; length++) {
		begin(0x86dd, 0, 0);
		add_ip6(17);
		add_transport(17);
		ADD(1, 2, 3, 4, 5, 6, 7, 8);
		put16(58, length);
		say(size);
		assert_int_equal(parse().outcome, length < 8 || length > 16 ? MALFORMED : PARSED);
		begin(0x86dd, 0, 0); /* a first fragment has only some of it */
		add_ip6(44);
		add_header(17, 1);
		bytes[57] = 1;
		add_transport(17);
		put16(66, length);
		say(size);
		assert_int_equal(parse().outcome, length < 8 ? MALFORMED : PARSED);
	}
	for (unsigned words = 0; words < 16; words++) {
		begin(0x0800, 0, 0);
		add_ip4(6, 0, 0);
		add_transport(6);
		ADD(1, 1, 1, 1, 1, 1, 1, 1);
		bytes[46] = (uint8_t)(words << 4);
		say(size);
		outcome = words < 5 ? MALFORMED : words > 7 ? TRUNCATED : PARSED;
		assert_int_equal(parse().outcome, outcome);
		put16(20, 0x2000); /* all of it in the first fragment, too */
		assert_int_equal(parse().outcome, outcome);
	}
}

static void test_random(void **arg)
{
	const char *given = getenv("XSLOT_TEST_SEED");
	static struct packet packet;

	chance_seed(given ? strtoull(given, NULL, 0) : 1);
	for (unsigned i = 0; i < RANDOM_PACKETS; i++) {
		packet_make(&packet);
		memcpy(bytes, packet.bytes, packet.size);
		size = packet.size;
		parse();
	}
}

/* The IP length is compared with all buffers, of which the first ends soon. */
static void test_frags(void **arg)
{
	static const size_t sizes[] = { 3000, 4097, 9000, 40000, 65535 };
	struct found found;

	if (!has_frags())
		skip();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (unsigned family = 4; family <= 6; family += 2) {
			begin(family == 4 ? 0x0800 : 0x86dd, 0, 0);
			if (family == 4)
				add_ip4(6, 0, 0);
			else
				add_ip6(6);
			add_transport(6);
			size = 14 + sizes[i];
			say(size);
			found = parse_frags();
			assert_found(&found, PARSED, 6, PORTS);
			size -= 1;
			assert_int_equal(parse_frags().outcome, TRUNCATED);
			size += 20; /* with padding */
			found = parse_frags();
			assert_found(&found, PARSED, 6, PORTS);
			assert_int_equal(found.l4_length, sizes[i] - (family == 4 ? 20 : 40));
		}
}

/* A length of 0: what Linux joins to more than 64 KiB, with the jumbogram's option or without, and lies. */
static void test_jumbo(void **arg)
{
	struct found found;

	if (!has_frags())
		skip();
	for (unsigned payload = 65534; payload < 65540; payload++) {
		begin(0x0800, 0, 0);
		add_ip4(6, 0, 0);
		add_transport(6);
		size = 14 + payload;
		assert_int_equal(parse_frags().outcome, payload > 65535 ? PARSED : MALFORMED);
		begin(0x86dd, 0, 0);
		add_ip6(6);
		add_transport(6);
		size = 54 + payload;
		assert_int_equal(parse_frags().outcome, payload > 65535 ? PARSED : TRUNCATED);
		begin(0x86dd, 0, 0);
		add_ip6(0);
		ADD(6, 0, 0xc2, 4, 0, payload >> 16, payload >> 8 & 255, payload & 255);
		add_transport(6);
		size = 54 + payload;
		found = parse_frags();
		assert_found(&found, payload > 65535 ? PARSED : TRUNCATED, payload > 65535 ? 6 : 0,
			payload > 65535 ? PORTS : 0);
		size--;
		assert_int_not_equal(parse_frags().outcome, PARSED);
		size += 9; /* padding */
		assert_int_equal(parse_frags().outcome, payload > 65535 ? PARSED : MALFORMED);
		bytes[56] = 5; /* another option */
		assert_int_not_equal(parse_frags().outcome, PARSED);
	}
	/* UDP's length may be 0 in these only. */
	begin(0x86dd, 0, 0);
	add_ip6(0);
	ADD(17, 0, 0xc2, 4, 0, 1, 0, 16);
	add_transport(17);
	put16(66, 0);
	size = 54 + 65552;
	found = parse_frags();
	assert_found(&found, PARSED, 17, PORTS);
	/* No hop-by-hop options, no TCP: no length. */
	bytes[20] = 60;
	assert_int_equal(parse_frags().outcome, TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tcp_flags),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_ip6_fragments),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_authentication),
		cmocka_unit_test(test_mobility),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_transport_lengths),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_frags),
		cmocka_unit_test(test_jumbo),
	};

	return cmocka_run_group_tests_name("parse", tests, parse_load, parse_unload);
}
