/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * xslot/parse.bpf.h on packets made by hand: each kind of header alone, at its bound and one past it, and
 * each of them cut at every byte. What random mixtures of them become is test-acl's.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "check.h"
#include "parse.bpf.h"
#include "parse.h"

/* As in xslot/parse.bpf.h, which is for BPF only. */
enum { PARSED, NOT_IP, TRUNCATED, MALFORMED, TOO_DEEP };
enum { PORTS = 1, ICMP = 2, FIRST = 4, LATER = 8, HIDDEN = 16 };

static struct bpf_object *object;

static uint8_t bytes[4096];
static size_t size;

static void add(const void *data, size_t n)
{
	memcpy(bytes + size, data, n);
	size += n;
}

#define ADD(...) add((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void begin(unsigned ethertype, unsigned tags, unsigned tag)
{
	size = 0;
	ADD(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
	for (unsigned i = 0; i < tags; i++)
		ADD(tag >> 8, tag & 255, 0x20 + i, 7);
	ADD(ethertype >> 8, ethertype & 255);
}

static void add_ip4(unsigned protocol, unsigned options, unsigned fragment)
{
	ADD(0x45 + options, 0, 0, 99, 0, 1, fragment >> 8, fragment & 255, 64, protocol, 0, 0, 192, 0, 2, 1,
		198, 51, 100, 2);
	for (unsigned i = 0; i < options; i++)
		ADD(1, 1, 1, 1);
}

static void add_ip6(unsigned next)
{
	ADD(0x60, 0, 0, 0, 0, 99, next, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1,
		0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
}

/* An extension header of `units` times 8 bytes (a fragment header: always one). */
static void add_header(unsigned next, unsigned units)
{
	ADD(next, units - 1, 0, 0, 0, 0, 0, 0);
	memset(bytes + size, 0, (units - 1) * 8);
	size += (units - 1) * 8;
}

static void add_ports(void)
{
	ADD(0x30, 0x39, 0, 80, 1, 2, 3, 4);
}

static struct found run(const char *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = (uint32_t)size);
	struct found found;
	uint32_t zero = 0;

	assert_int_equal(
		bpf_prog_test_run_opts(
			bpf_program__fd(bpf_object__find_program_by_name(object, program)), &options),
		0);
	assert_int_equal(options.retval, 2);
	assert_int_equal(
		bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "found"), &zero, &found), 0);
	return found;
}

/* By both of them: xslot_parse_addresses() agrees in all that it looks at, and leaves the rest. */
static struct found parse(void)
{
	struct found found = run("parse"), addresses = run("addresses"), same = found;
	bool farther = found.outcome == TRUNCATED || found.outcome == MALFORMED || found.outcome == TOO_DEEP;

	same.outcome = farther ? addresses.outcome : found.outcome;
	same.protocol = addresses.protocol;
	same.flags = same.l4 = same.sport = same.dport = same.icmp_type = same.icmp_code = 0;
	assert_memory_equal(&addresses, &same, sizeof(same));
	assert_true(addresses.outcome == PARSED || addresses.outcome == found.outcome);
	assert_true(addresses.outcome != PARSED || addresses.family);
	return found;
}

/* The packet as it is, and cut everywhere: what is cut before `need` must be truncated. */
static struct found parse_all_cuts(size_t need)
{
	struct found found = parse();
	size_t whole = size;

	for (size = 14; size < whole; size++)
		assert_int_equal(parse().outcome, size < need ? TRUNCATED : found.outcome);
	return found;
}

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
		add_ports();
		found = parse_all_cuts(38);
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
		add_ports();
		found = parse_all_cuts(34);
		assert_found(&found, PARSED, without[i], 0);
	}
}

static void test_ip6(void **arg)
{
	struct found found;

	begin(0x86dd, 0, 0);
	add_ip6(17);
	add_ports();
	found = parse_all_cuts(58);
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
		add_ports();
		found = parse_all_cuts(tags <= 4 ? 58 + tags * 4 : 30);
		assert_int_equal(found.outcome, tags <= 4 ? PARSED : TOO_DEEP);
		assert_int_equal(found.tags, tags <= 4 ? tags : 4);
		assert_int_equal(found.vlan, 0x2007);
		assert_int_equal(found.dport, tags <= 4 ? 80 : 0);
	}
}

static void test_not_ip(void **arg)
{
	static const unsigned types[] = { 0x0806, 0x8863, 0x88cc, 0x8847, 46 };
	struct found found;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		begin(types[i], i % 3, 0x8100);
		add_ip4(6, 0, 0);
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
		add_ports();
		found = parse_all_cuts(38 + options * 4);
		assert_found(&found, PARSED, 6, PORTS);
		assert_int_equal(found.l4, 34 + options * 4);
	}
}

static void test_malformed(void **arg)
{
	begin(0x0800, 0, 0);
	add_ip4(6, 10, 0);
	add_ports();
	for (unsigned first = 0; first < 256; first++) {
		bytes[14] = (uint8_t)first;
		assert_int_equal(parse().outcome, first >> 4 == 4 && (first & 15) >= 5 ? PARSED : MALFORMED);
	}
	begin(0x86dd, 0, 0);
	add_ip6(6);
	add_ports();
	for (unsigned first = 0; first < 256; first++) {
		bytes[14] = (uint8_t)first;
		assert_int_equal(parse().outcome, first >> 4 == 6 ? PARSED : MALFORMED);
	}
}

static void test_fragments(void **arg)
{
	static const unsigned later[] = { 1, 0x2001, 0x1000, 0x1fff, 0x3fff };
	struct found found;

	begin(0x0800, 0, 0);
	add_ip4(6, 0, 0x2000);
	add_ports();
	found = parse_all_cuts(38);
	assert_found(&found, PARSED, 6, PORTS | FIRST);
	for (size_t i = 0; i < 5; i++) {
		begin(0x0800, 0, 0);
		add_ip4(6, 2, later[i]);
		add_ports();
		found = parse_all_cuts(42);
		assert_found(&found, PARSED, 6, LATER);
		assert_int_equal(found.dport, 0);
	}
}

static void test_ip6_fragments(void **arg)
{
	struct found found;

	/* Offset and more: 0 and no (whole), 0 and yes, 1 and no, the last and yes. */
	for (unsigned i = 0; i < 4; i++) {
		begin(0x86dd, 0, 0);
		add_ip6(44);
		add_header(17, 1);
		bytes[56] = i == 3 ? 0xff : 0;
		bytes[57] = (uint8_t[]){ 0, 1, 8, 0xf9 }[i];
		add_ports();
		found = parse_all_cuts(i < 2 ? 66 : 62);
		assert_found(&found, PARSED, 17, (const uint32_t[]){ PORTS, PORTS | FIRST, LATER, LATER }[i]);
	}
	begin(0x86dd, 0, 0);
	add_ip6(0);
	add_header(44, 2);
	add_header(60, 1);
	bytes[54 + 16 + 3] = 8;
	add_header(6, 1);
	found = parse_all_cuts(78);
	assert_found(&found, PARSED, 60, LATER | HIDDEN);
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
		found = parse();
		if (n > 8) {
			assert_int_equal(found.outcome, TOO_DEEP);
			break;
		}
		assert_int_equal(found.outcome, TRUNCATED);
		add_ports();
		found = parse_all_cuts(size - 4);
		assert_found(&found, PARSED, 6, PORTS);
		assert_int_equal(found.l4, size - 8);
	}
	begin(0x86dd, 0, 0); /* the longest header there is */
	add_ip6(60);
	add_header(17, 256);
	add_ports();
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
	add_ports();
	found = parse_all_cuts(82);
	assert_found(&found, PARSED, 6, PORTS);
	begin(0x0800, 0, 0);
	add_ip4(51, 0, 0);
	add_header(6, 3);
	add_ports();
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
		bytes[62] = 6;
		add_ports();
		found = parse();
		assert_int_equal(found.outcome, MALFORMED);
	}
}

static int load(void **arg)
{
	object = bpf_object__open_mem(parse_bpf, sizeof(parse_bpf), NULL);
	return object ? bpf_object__load(object) : -1;
}

static int unload(void **arg)
{
	bpf_object__close(object);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_ip6_fragments),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_authentication),
		cmocka_unit_test(test_mobility),
	};

	return cmocka_run_group_tests_name("parse", tests, load, unload);
}
