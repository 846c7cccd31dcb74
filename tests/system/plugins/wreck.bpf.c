/* SPDX-License-Identifier: GPL-2.0-only */
/* Let every packet go on. */
#include <linux/bpf.h>

#include <xslot/slot.bpf.h>

SEC("xdp")
int wreck(struct xdp_md *ctx)
{
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
