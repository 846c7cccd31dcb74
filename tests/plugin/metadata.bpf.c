/* SPDX-License-Identifier: GPL-2.0-only */
/* Two programs that talk in the metadata before a packet: the first says it, the second drops what is so
 * said. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define SAID 42

SEC("xdp")
int say(struct xdp_md *ctx)
{
	__u32 *word;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*word)))
		return XDP_ABORTED;
	word = (void *)(long)ctx->data_meta;
	if ((void *)(word + 1) > (void *)(long)ctx->data)
		return XDP_ABORTED;
	*word = SAID;
	return XDP_PASS;
}

SEC("xdp")
int hear(struct xdp_md *ctx)
{
	const __u32 *word = (void *)(long)ctx->data_meta;

	if ((void *)(word + 1) > (void *)(long)ctx->data)
		return XDP_PASS;
	return *word == SAID ? XDP_DROP : XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
