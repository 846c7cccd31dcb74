/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "parse-rig.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "check.h"
#include "harness.h"
#include "parse.bpf.h"
#include "reference.h"

static struct bpf_object *object;	/* loaded without frags */
static struct bpf_object *frags_object; /* and with; NULL where the kernel has none */

uint8_t bytes[MAX_PACKET + 1];
size_t size;
static size_t ip_at; /* of the IP header */
unsigned ip_family;

void add(const void *data, size_t n)
{
	memcpy(bytes + size, data, n);
	size += n;
}

void put16(size_t at, size_t value)
{
	bytes[at] = (uint8_t)(value >> 8);
	bytes[at + 1] = (uint8_t)value;
}

void begin(unsigned ethertype, unsigned tags, unsigned tag)
{
	size = 0;
	ip_family = 0;
	ADD(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
	for (unsigned i = 0; i < tags; i++)
		ADD(tag >> 8, tag & 255, 0x20 + i, 7);
	ADD(ethertype >> 8, ethertype & 255);
}

void add_ip4(unsigned protocol, unsigned options, unsigned fragment)
{
	ip_at = size;
	ip_family = 4;
	ADD(0x45 + options, 0, 0, 0, 0, 1, fragment >> 8, fragment & 255, 64, protocol, 0, 0, 192, 0, 2, 1,
		198, 51, 100, 2);
	for (unsigned i = 0; i < options; i++)
		ADD(1, 1, 1, 1);
}

void add_ip6(unsigned next)
{
	ip_at = size;
	ip_family = 6;
	ADD(0x60, 0, 0, 0, 0, 0, next, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1,
		0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
}

void add_header(unsigned next, unsigned units)
{
	ADD(next, units - 1, 0, 0, 0, 0, 0, 0);
	memset(bytes + size, 0, (units - 1) * 8);
	size += (units - 1) * 8;
}

void add_transport(unsigned protocol)
{
	ADD(0x30, 0x39, 0, 80, 0, 8, 0, 0);
	if (protocol == 33 || protocol == 132)
		ADD(0, 0, 0, 0);
	if (protocol == 6)
		ADD(0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0);
}

void say(size_t end)
{
	if (ip_family == 4)
		put16(ip_at + 2, end - ip_at);
	if (ip_family == 6)
		put16(ip_at + 4, end - ip_at - 40);
}

static struct found run_in(struct bpf_object *in, const char *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = (uint32_t)size);
	struct found found;
	uint32_t zero = 0;

	assert_int_equal(bpf_prog_test_run_opts(
				 bpf_program__fd(bpf_object__find_program_by_name(in, program)), &options),
		0);
	assert_int_equal(options.retval, 2);
	assert_int_equal(bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(in, "found"), &zero, &found), 0);
	return found;
}

static void show(const struct reference *reference)
{
	print_error("the reference says: %s, kind %u; bytes:", reference->why ? reference->why : "known",
		reference->kind);
	for (size_t i = 0; i < size && i < 4096; i++)
		print_error(" %02x", bytes[i]);
	print_error("\n");
}

#define AGREE(a, b)                                                                                          \
	do {                                                                                                 \
		if ((a) != (b)) {                                                                            \
			show(&reference);                                                                    \
			assert_int_equal(a, b);                                                              \
		}                                                                                            \
	} while (0)

static void compare(const struct found *found)
{
	struct reference reference;
	enum reference_kind kind = found->outcome == NOT_IP   ? REFERENCE_NOT_IP
				   : found->outcome != PARSED ? REFERENCE_UNKNOWN
				   : found->flags & LATER     ? REFERENCE_LATER
				   : found->flags & FIRST     ? REFERENCE_FIRST
							      : REFERENCE_WHOLE;

	reference_read(bytes, size, &reference);
	AGREE(kind, reference.kind);
	AGREE(found->bad, reference.kind == REFERENCE_UNKNOWN);
	if (found->outcome != PARSED)
		return;
	AGREE(found->family, reference.ipv6 ? 6 : 4);
	AGREE(memcmp(found->source, reference.source, 16), 0);
	AGREE(memcmp(found->destination, reference.destination, 16), 0);
	AGREE(!(found->flags & HIDDEN), reference.has_protocol);
	AGREE(found->protocol, reference.has_protocol ? reference.protocol : 44);
	AGREE(!!(found->flags & PORTS), reference.has_ports);
	AGREE(!!(found->flags & ICMP), reference.has_type);
	if (reference.has_ports) {
		AGREE(found->sport, reference.sport);
		AGREE(found->dport, reference.dport);
	}
	if (reference.has_type) {
		AGREE(found->icmp_type, reference.type);
		AGREE(found->icmp_code, reference.code);
	}
	AGREE(found->l4, reference.at);
	AGREE(found->l4_length, reference.size);
}

struct found parse(void)
{
	struct found found = run_in(object, "parse"), addresses = run_in(object, "addresses"), same = found,
		     frags;
	bool farther = found.outcome == TRUNCATED || found.outcome == MALFORMED || found.outcome == TOO_DEEP;

	same.outcome = farther ? addresses.outcome : found.outcome;
	same.bad = same.outcome >= TRUNCATED;
	same.protocol = addresses.protocol;
	same.tcp_flags = 0;
	same.flags = same.l4 = same.l4_length = same.sport = same.dport = same.icmp_type = same.icmp_code = 0;
	assert_memory_equal(&addresses, &same, sizeof(same));
	assert_true(addresses.outcome == PARSED || addresses.outcome == found.outcome);
	assert_true(addresses.outcome != PARSED || addresses.family);
	compare(&found);
	if (frags_object) {
		frags = run_in(frags_object, "parse");
		assert_memory_equal(&found, &frags, sizeof(frags));
	}
	return found;
}

struct found parse_all_cuts(size_t need)
{
	struct found found, cut;
	size_t whole = size;

	say(whole);
	found = parse();
	for (size = 14; size < whole; size++) {
		say(whole);
		assert_int_equal(parse().outcome, size < need || ip_family ? TRUNCATED : found.outcome);
	}
	for (size_t end = ip_at; ip_family && end < whole; end++) {
		size_t header = ip_family == 4 ? (bytes[ip_at] & 15) * 4U : 40;

		if (found.outcome != PARSED || (ip_family == 6 && end < ip_at + 40))
			continue;
		say(end);
		cut = parse();
		assert_int_equal(cut.outcome, end < ip_at + header ? MALFORMED
					      : end < need	   ? TRUNCATED
								   : found.outcome);
		size = end;
		cut = parse();
		assert_int_equal(cut.outcome, end < need ? TRUNCATED : found.outcome);
		size = whole;
	}
	size = whole;
	say(whole);
	return found;
}

struct found parse_frags(void)
{
	struct found found = run_in(frags_object, "parse");

	compare(&found);
	return found;
}

bool has_frags(void)
{
	return frags_object;
}

int parse_load(void **arg)
{
	const uint8_t one = 1;
	struct bpf_program *program;

	object = harness_open(parse_bpf, sizeof(parse_bpf));
	if (bpf_object__load(object))
		return -1;
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len, NULL) != 1)
		return 0;
	frags_object = harness_open(parse_bpf, sizeof(parse_bpf));
	harness_set(frags_object, "xslot_frags", &one, sizeof(one));
	bpf_object__for_each_program(program, frags_object)
		bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	return bpf_object__load(frags_object);
}

int parse_unload(void **arg)
{
	bpf_object__close(object);
	bpf_object__close(frags_object);
	return 0;
}
