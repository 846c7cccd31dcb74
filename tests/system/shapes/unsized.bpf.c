/* SPDX-License-Identifier: GPL-2.0-only */
/* Its own loader sets the map's size before loading. The section's name is the author's. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
} sized_later SEC(".maps");

SEC("xdp_cpumap_hash")
int unsized(struct xdp_md *ctx)
{
	__u64 *value, one = 1;
	__u32 key = 0;

	value = bpf_map_lookup_elem(&sized_later, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(&sized_later, &key, &one, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
