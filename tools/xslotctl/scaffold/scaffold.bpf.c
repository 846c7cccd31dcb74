/* SPDX-License-Identifier: GPL-2.0-only */
/* What scaffold does with a packet: it drops what goes to one port, and counts. */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "scaffold.h"

/* A parameter, since scaffold.c lists it: the host writes it before the program is loaded. */
const volatile __u16 drop_port = 0;

XSLOT_COUNTERS(totals, SCAFFOLD_ROWS);

SEC("xdp")
int scaffold(struct xdp_md *ctx)
{
	struct xslot_packet packet;

	xslot_parse(ctx, &packet);
	if (drop_port && packet.flags & XSLOT_PACKET_PORTS && packet.dport == bpf_htons(drop_port)) {
		xslot_count(&totals, SCAFFOLD_DROPPED, 1);
		return XDP_DROP;
	}
	xslot_count(&totals, SCAFFOLD_PASSED, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
