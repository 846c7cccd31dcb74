/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells the host's log about packets. */
#include <xslot/message.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

XSLOT_MESSAGES(messages);

SEC("xdp")
int tell(struct xdp_md *ctx)
{
	struct xslot_packet packet;

	if (xslot_parse(ctx, &packet) != XSLOT_PARSED)
		xslot_message(&messages, 4, "100%% unknown");
	else if (packet.family == 4)
		xslot_message(
			&messages, 6, "%4 to port %u, and %d", packet.source.v4, bpf_ntohs(packet.dport), -1);
	else
		xslot_message(&messages, 7, "family %x: %u", packet.family + 10, 1ULL << 40);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
