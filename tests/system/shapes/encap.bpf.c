/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes how long the packet is: a tag of four bytes between the addresses and the type. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp_encap")
int encap(struct xdp_md *ctx)
{
	unsigned char *data, *end;

	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + 18 > end)
		return XDP_ABORTED;
	__builtin_memmove(data, data + 4, 12);
	data[12] = 0x88; /* for experiments: nobody takes it off again, as VLAN tags are */
	data[13] = 0xb5;
	data[14] = 0;
	data[15] = 42;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
