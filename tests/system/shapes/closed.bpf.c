/* SPDX-License-Identifier: GPL-2.0-only */
/* Says nothing of its license, so it may not call what the kernel keeps for the GPL. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int closed(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > 1000 ? XDP_DROP : XDP_PASS;
}
