/* SPDX-License-Identifier: GPL-2.0-only */
/* Returns what a stub does not: an enum. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
enum xdp_action signature(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 48 > end)
		return XDP_ABORTED;
	data[44] = data[45] = data[46] = data[47] = 0x77;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
