/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What scaffold does with a packet: it drops what comes from a prefix of the table, and what it cannot read.
 */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "scaffold.h"

/* Config: each instance has an empty one, and `start` fills it before a packet comes. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SCAFFOLD_PREFIXES);
	__type(key, struct scaffold_key);
	__type(value, __u32);
} blocked SEC(".maps");

XSLOT_COUNTERS(dropped, 1);

static __always_inline int is_blocked(const struct xslot_packet *packet)
{
	struct scaffold_key key = { .length = 32 + 128, .family = packet->family };

	if (packet->family == 4) {
		key.length = 32 + 32;
		__builtin_memcpy(key.address, &packet->source.v4, 4);
	} else {
		__builtin_memcpy(key.address, packet->source.v6, 16);
	}
	return bpf_map_lookup_elem(&blocked, &key) != NULL;
}

SEC("xdp")
int scaffold(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	enum xslot_parsed outcome = xslot_parse_addresses(ctx, &packet);

	if (outcome == XSLOT_PARSED_NOT_IP)
		return XSLOT_NEXT;
	if (!xslot_parsed_bad(outcome) && !is_blocked(&packet))
		return XSLOT_NEXT;
	xslot_count(&dropped, 0, 1);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
