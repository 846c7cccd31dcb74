/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls what the kernel keeps for programs under the GPL. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int printk(struct xdp_md *ctx)
{
	bpf_printk("len %d", ctx->data_end - ctx->data);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
