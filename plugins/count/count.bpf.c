/* SPDX-License-Identifier: GPL-2.0-only */
/* Count packets and bytes by protocol, and let every packet proceed. */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "count.h"

/* One copy a CPU, so that no two CPUs write to the same one. State: a reload goes on counting. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_KINDS);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps") XSLOT_STATE;

static __always_inline __u32 kind_of(struct xdp_md *ctx)
{
	struct xslot_packet packet;

	xslot_parse(ctx, &packet);
	if (packet.family)
		return packet.protocol;
	return packet.ethertype == bpf_htons(ETH_P_ARP) ? COUNT_ARP : COUNT_OTHER;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 kind = kind_of(ctx);
	struct count *count = bpf_map_lookup_elem(&counts, &kind);

	if (count) {
		count->packets++;
		count->bytes += xslot_length(ctx);
	}
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
