/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What scaffold does with a packet: it drops packets to one port and packets that it cannot read, lets all
 * others proceed, and counts.
 */
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
	__u32 row = SCAFFOLD_PASSED;

	switch (xslot_parse(ctx, &packet)) {
	case XSLOT_PARSED: /* a later fragment has no ports, and is nothing without the first, which has */
		if (drop_port && packet.flags & XSLOT_PACKET_PORTS && packet.dport == bpf_htons(drop_port))
			row = SCAFFOLD_DROPPED;
		break;
	case XSLOT_PARSED_NOT_IP: /* ARP and the like: no ports */
		break;
	default: /* cut off, or its headers contradict each other: where it goes is not known, so it stays out
		  */
		if (drop_port)
			row = SCAFFOLD_UNKNOWN;
	}
	xslot_count(&totals, row, 1);
	return row == SCAFFOLD_PASSED ? XSLOT_NEXT : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
