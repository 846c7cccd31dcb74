/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells the host's log about packets. */
#include <xslot/message.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

XSLOT_MESSAGES(messages);

SEC("xdp")
int tell(struct xdp_md *ctx)
{
	const struct ethhdr *ethernet = xslot_at(ctx, 0, sizeof(*ethernet));
	struct xslot_packet packet;
	__u64 port;

	if (xslot_parse(ctx, &packet) != XSLOT_PARSED || !ethernet) {
		xslot_message(&messages, XSLOT_WARNING, "100%% unknown");
		return XSLOT_NEXT;
	}
	port = bpf_ntohs(packet.dport);
	if (packet.family == 4)
		xslot_message(&messages, XSLOT_INFO, "%4 to port %u, and %d", packet.source.v4, port, -1);
	else
		xslot_message(&messages, XSLOT_DEBUG, "family %x: %u", packet.family + 10, 1ULL << 40);
	if (port == 6)
		xslot_message(&messages, XSLOT_ERROR, "%m from %m: %6 to %6, %x, %u", ethernet->h_dest,
			(const __u8 *)ethernet->h_source, packet.source.v6,
			(const __be32 *)packet.destination.v6, 0xabcULL << 40, port);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
