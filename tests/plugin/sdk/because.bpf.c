/* SPDX-License-Identifier: GPL-2.0-only */
/* Actions with and without a reason. */
#include <linux/in.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

SEC("xdp")
int because(struct xdp_md *ctx)
{
	struct xslot_packet packet;

	if (xslot_parse(ctx, &packet) != XSLOT_PARSED)
		return XSLOT_BECAUSE(XDP_DROP, 1);
	if (packet.family == 6)
		return XSLOT_BECAUSE(XDP_PASS, XSLOT_REASON_MAX);
	return packet.protocol == IPPROTO_UDP ? XDP_DROP : XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
