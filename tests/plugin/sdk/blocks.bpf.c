/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops what comes from addresses that commands have named. */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __be32);
	__type(value, __u64);
} blocked SEC(".maps") XSLOT_STATE;

SEC("xdp")
int blocks(struct xdp_md *ctx)
{
	struct xslot_packet packet;

	if (xslot_parse_addresses(ctx, &packet) != XSLOT_PARSED || packet.family != 4)
		return XSLOT_NEXT;
	return bpf_map_lookup_elem(&blocked, &packet.source.v4) ? XDP_DROP : XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
