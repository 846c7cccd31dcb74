/* SPDX-License-Identifier: GPL-2.0-only */
/* The empty plugin: go on, doing nothing at all. */
#include <xslot/slot.bpf.h>

SEC("xdp")
int next(struct xdp_md *ctx)
{
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
