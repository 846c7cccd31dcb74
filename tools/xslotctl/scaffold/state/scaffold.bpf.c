/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What scaffold does with a packet: it lets the first ones of each source through, drops all others, and says
 * so once. Packets that are not IP pass, and those that it cannot read do not.
 */
#include <xslot/message.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "scaffold.h"

/* A parameter, since scaffold.c lists it: the host writes it before the program is loaded. */
const volatile __u64 most = 1;

/* State: the next instance has the same map, and during a reload both use it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCAFFOLD_SOURCES);
	__type(key, struct scaffold_source);
	__type(value, struct scaffold_seen);
} sources SEC(".maps") XSLOT_STATE;

XSLOT_MESSAGES(messages);

/* How many packets of this source there were, with this one; 0 if there is no memory for it. */
static __always_inline __u64 count(const struct xslot_packet *packet)
{
	struct scaffold_seen first = {}, *seen;
	struct scaffold_source source = { .family = packet->family };

	if (packet->family == 4)
		__builtin_memcpy(source.address, &packet->source.v4, 4);
	else
		__builtin_memcpy(source.address, packet->source.v6, 16);
	seen = bpf_map_lookup_elem(&sources, &source);
	if (!seen) {
		/* Another CPU may be first: then it is theirs. */
		bpf_map_update_elem(&sources, &source, &first, BPF_NOEXIST);
		seen = bpf_map_lookup_elem(&sources, &source);
	}
	if (!seen)
		return 0;
	__sync_fetch_and_add(&seen->packets, 1);
	return seen->packets;
}

SEC("xdp")
int scaffold(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	enum xslot_parsed outcome = xslot_parse_addresses(ctx, &packet);
	__u64 n;

	if (outcome == XSLOT_PARSED_NOT_IP)
		return XSLOT_NEXT;
	if (xslot_parsed_bad(outcome))
		return XDP_DROP;
	n = count(&packet);
	if (n <= most)
		return XSLOT_NEXT;
	if (n == most + 1 && packet.family == 4)
		xslot_message(&messages, XSLOT_WARNING, "%4 has sent its %u packets", packet.source.v4, most);
	else if (n == most + 1)
		xslot_message(&messages, XSLOT_WARNING, "%6 has sent its %u packets", packet.source.v6, most);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
