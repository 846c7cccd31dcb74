/* SPDX-License-Identifier: GPL-2.0-only */
/* Tail-calls by a static program array: what it calls returns the verdict. The sections are nobody's. */
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

int on_udp(struct xdp_md *ctx);
int on_other(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} protocols SEC(".maps") = {
	.values = { [17] = (void *)&on_udp, [6] = (void *)&on_other },
};

SEC("prog")
int tails(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 34 > end)
		return XDP_ABORTED;
	bpf_tail_call(ctx, &protocols, data[23]);
	return XDP_TX; /* nobody there */
}

SEC("udp")
int on_udp(struct xdp_md *ctx)
{
	return mark(ctx, 0x17171717);
}

SEC("xdp/other")
int on_other(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
