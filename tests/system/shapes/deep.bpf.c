/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses its whole stack; drops every packet. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int deep(struct xdp_md *ctx)
{
	volatile __u8 room[505];

	for (__u32 i = 0; i < sizeof(room); i++)
		room[i] = 1;
	return room[ctx->rx_queue_index & 15] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
