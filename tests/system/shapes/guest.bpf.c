/* SPDX-License-Identifier: GPL-2.0-only */
/* What root.bpf.c jumps to: two programs with a map of their own between them, and one that is root's. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} own SEC(".maps");

SEC("xdp")
int first(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *shared = bpf_map_lookup_elem(&hits, &zero), *mine = bpf_map_lookup_elem(&own, &zero);

	if (!shared || !mine)
		return XDP_ABORTED;
	__sync_fetch_and_add(shared, 1);
	__sync_fetch_and_add(mine, 1);
	return XDP_DROP;
}

/* Passes until the first has run. */
SEC("xdp")
int second(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *mine = bpf_map_lookup_elem(&own, &zero);

	return mine && *mine ? XDP_DROP : XDP_PASS;
}

/* The verifier refuses it. */
SEC("?xdp")
int unchecked(struct xdp_md *ctx)
{
	return *(volatile __u8 *)(long)ctx->data;
}

char LICENSE[] SEC("license") = "GPL";
