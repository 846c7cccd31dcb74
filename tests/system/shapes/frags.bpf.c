/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames in several buffers: reads the last byte, which lies beyond the first buffer of a large one. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps"); /* frames whose last byte is 0x5a: that lie in the first buffer, and longer ones */

SEC("xdp.frags")
int frags(struct xdp_md *ctx)
{
	__u64 length = bpf_xdp_get_buff_len(ctx), *n;
	__u32 longer = length > ctx->data_end - ctx->data;
	unsigned char last = 0;

	if (length < 64 || bpf_xdp_load_bytes(ctx, length - 1, &last, 1))
		return XDP_ABORTED;
	n = bpf_map_lookup_elem(&seen, &longer);
	if (n && last == 0x5a)
		__sync_fetch_and_add(n, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
