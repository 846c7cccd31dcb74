/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes what is in the packet: a mark in the payload. */
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

SEC("xdp")
int rewrite(struct xdp_md *ctx)
{
	return mark(ctx, 0x11111111);
}

char LICENSE[] SEC("license") = "GPL";
