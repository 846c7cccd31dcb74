/* SPDX-License-Identifier: GPL-2.0-only */
/* Tail-calls by an array that its loader fills, here the configuration. The array is pinned by name. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Four bytes at offset 44, in the payload: a trail that the tests read at the other end. */
static __always_inline int mark(struct xdp_md *ctx, __u32 with)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 48 > end)
		return XDP_ABORTED;
	*(__u32 *)(data + 44) = __builtin_bswap32(with);
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} steps SEC(".maps");

const volatile __u32 first = 0;

SEC("xdp")
int start(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &steps, first);
	return XDP_DROP;
}

SEC("xdp")
int middle(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &steps, 3);
	return XDP_ABORTED;
}

SEC("xdp")
int end(struct xdp_md *ctx)
{
	return mark(ctx, 0x33333333);
}

char LICENSE[] SEC("license") = "GPL";
