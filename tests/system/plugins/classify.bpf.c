/* SPDX-License-Identifier: GPL-2.0-only */
/* Count packets by their trail. */
#include <linux/bpf.h>

#include "trail.bpf.h"

/* State: what was counted before a reload stays counted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} trails SEC(".maps") XSLOT_STATE;

const volatile _Bool drop = 0;

SEC("xdp")
int classify(struct xdp_md *ctx)
{
	__be32 *trail = trail_of(ctx);
	__u32 key = trail ? bpf_ntohl(*trail) : ~0U;
	__u64 none = 0, *count;

	bpf_map_update_elem(&trails, &key, &none, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&trails, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return drop ? XDP_DROP : XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
