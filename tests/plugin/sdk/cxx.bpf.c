/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts short and long packets. */
#include <xslot/slot.bpf.h>

const volatile __u32 limit = 1;

XSLOT_COUNTERS(totals, 2);

SEC("xdp")
int cxx(struct xdp_md *ctx)
{
	xslot_count(&totals, xslot_length(ctx) > limit, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
