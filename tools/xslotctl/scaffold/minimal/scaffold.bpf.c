/* SPDX-License-Identifier: GPL-2.0-only */
/* What scaffold does with a packet: it drops those that are too long. */
#include <xslot/slot.bpf.h>

/* A parameter, since scaffold.c lists it: the host writes it before the program is loaded. */
const volatile __u32 longest = 65535;

SEC("xdp")
int scaffold(struct xdp_md *ctx)
{
	return xslot_length(ctx) > longest ? XDP_DROP : XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
