/* SPDX-License-Identifier: GPL-2.0-only */
/* Write what xslot_parse() and xslot_parse_addresses() found into a map, for test-parse.c. */
#include <linux/bpf.h>

#include <xslot/parse.bpf.h>

#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct found);
} found SEC(".maps");

static __always_inline int tell(const struct xslot_packet *packet, enum xslot_parsed outcome)
{
	__u32 zero = 0;
	struct found *result = bpf_map_lookup_elem(&found, &zero);

	if (!result)
		return XDP_ABORTED;
	result->outcome = outcome;
	result->ethertype = bpf_ntohs(packet->ethertype);
	result->outer_vlan = packet->outer_vlan;
	result->inner_vlan = packet->inner_vlan;
	result->priority = packet->priority;
	result->tcp_flags = packet->tcp_flags;
	result->bad = xslot_parsed_bad(outcome);
	result->tags = packet->tags;
	result->family = packet->family;
	result->protocol = packet->protocol;
	result->flags = packet->flags;
	result->l3 = packet->l3;
	result->l4 = packet->l4;
	result->l4_length = packet->l4_length;
	result->sport = bpf_ntohs(packet->sport);
	result->dport = bpf_ntohs(packet->dport);
	result->icmp_type = packet->icmp_type;
	result->icmp_code = packet->icmp_code;
	__builtin_memcpy(result->source, &packet->source, 16);
	__builtin_memcpy(result->destination, &packet->destination, 16);
	return XDP_PASS;
}

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	enum xslot_parsed outcome = xslot_parse(ctx, &packet);

	return tell(&packet, outcome);
}

SEC("xdp")
int addresses(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	enum xslot_parsed outcome = xslot_parse_addresses(ctx, &packet);

	return tell(&packet, outcome);
}

char LICENSE[] SEC("license") = "GPL";
