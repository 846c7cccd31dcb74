/* SPDX-License-Identifier: GPL-2.0-only */
/* What scaffold does with a packet: it counts it by its family. */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "scaffold.h"

/* A parameter, since scaffold.cc lists it: the host writes it before the program is loaded. */
const volatile __u8 drop_rest = 0;

XSLOT_COUNTERS(totals, SCAFFOLD_ROWS);

SEC("xdp")
int scaffold(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	__u32 row = SCAFFOLD_OTHER;

	xslot_parse_addresses(ctx, &packet);
	if (packet.family == 4)
		row = SCAFFOLD_IPV4;
	else if (packet.family == 6)
		row = SCAFFOLD_IPV6;
	xslot_count(&totals, row, 1);
	return row == SCAFFOLD_OTHER && drop_rest ? XDP_DROP : XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
