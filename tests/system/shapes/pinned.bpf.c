/* SPDX-License-Identifier: GPL-2.0-only */
/* State in maps that ask to be pinned by name: a table of sources, and the last one in a queue. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} blocked SEC(".maps");

SEC("xdp")
int pinned(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 one = 1, *n, key;
	__u32 source;

	if (data + 34 > end)
		return XDP_ABORTED;
	source = *(__u32 *)(data + 26);
	n = bpf_map_lookup_elem(&sources, &source);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&sources, &source, &one, BPF_ANY);
	key = 32 | (__u64)source << 32;
	return bpf_map_lookup_elem(&blocked, &key) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
