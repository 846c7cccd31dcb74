/* SPDX-License-Identifier: GPL-2.0-only */
/* Count packets and bytes by protocol, and let every packet go on. */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <xslot/slot.bpf.h>

#include "count.h"

/* One copy a CPU, so that no two CPUs write to the same one. State: a reload goes on counting. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_KINDS);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps") XSLOT_STATE;

static __always_inline __u32 kind_of(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	void *next = eth + 1;

	if (next > data_end)
		return COUNT_OTHER;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		if (next + sizeof(struct iphdr) > data_end)
			return COUNT_OTHER;
		return ((struct iphdr *)next)->protocol;
	case bpf_htons(ETH_P_IPV6):
		if (next + sizeof(struct ipv6hdr) > data_end)
			return COUNT_OTHER;
		return ((struct ipv6hdr *)next)->nexthdr;
	case bpf_htons(ETH_P_ARP):
		return COUNT_ARP;
	}
	return COUNT_OTHER;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 kind = kind_of(xslot_data(ctx), xslot_data_end(ctx));
	struct count *count = bpf_map_lookup_elem(&counts, &kind);

	if (count) {
		count->packets++;
		count->bytes += ctx->data_end - ctx->data;
	}
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
