/* SPDX-License-Identifier: GPL-2.0-only */
/* The SDK's helpers at work: another destination for each packet, with checksums that stay right. */
#include <linux/tcp.h>
#include <linux/udp.h>
#include <xslot/checksum.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "rewrite.h"

const volatile struct xslot_prefix to4;
const volatile struct xslot_prefix to6;
const volatile __u16 port = 0;

XSLOT_COUNTERS(rewritten, REWRITE_ROWS, ipv4, ipv6, port, unread);

/* The transport header's checksum; NULL when there is none to keep right. */
static __always_inline __sum16 *transport_check(struct xdp_md *ctx, const struct xslot_packet *packet)
{
	struct tcphdr *tcp;
	struct udphdr *udp;

	if (!(packet->flags & XSLOT_PACKET_PORTS))
		return NULL;
	if (packet->protocol == IPPROTO_TCP) {
		tcp = xslot_at(ctx, packet->l4, sizeof(*tcp));
		return tcp ? &tcp->check : NULL;
	}
	udp = xslot_at(ctx, packet->l4, sizeof(*udp));
	return packet->protocol == IPPROTO_UDP && udp && udp->check ? &udp->check : NULL;
}

static __always_inline void rewrite_port(
	struct xdp_md *ctx, const struct xslot_packet *packet, __sum16 *check)
{
	struct udphdr *udp = xslot_at(ctx, packet->l4, sizeof(*udp)); /* TCP's ports are in the same place */
	__be16 new = bpf_htons(port);

	if (!udp || !check)
		return;
	xslot_checksum_replace16(check, udp->dest, new);
	udp->dest = new;
	xslot_count(&rewritten, REWRITE_PORT, 1);
}

static __always_inline int rewrite4(struct xdp_md *ctx, const struct xslot_packet *packet, __sum16 *check)
{
	struct iphdr *ip = xslot_at(ctx, packet->l3, sizeof(*ip));
	__be32 new = *(const volatile __be32 *)to4.address;

	if (!ip)
		return -1;
	xslot_checksum_replace32(&ip->check, ip->daddr, new);
	if (check)
		xslot_checksum_replace32(check, ip->daddr, new);
	ip->daddr = new;
	xslot_count(&rewritten, REWRITE_IP4, 1);
	return 0;
}

static __always_inline int rewrite6(struct xdp_md *ctx, const struct xslot_packet *packet, __sum16 *check)
{
	struct ipv6hdr *ip = xslot_at(ctx, packet->l3, sizeof(*ip));
	__be32 new[4];
	int i;

	if (!ip)
		return -1;
	for (i = 0; i < 4; i++)
		new[i] = ((const volatile __be32 *)to6.address)[i];
	if (check)
		xslot_checksum_replace128(check, ip->daddr.in6_u.u6_addr32, new);
	__builtin_memcpy(&ip->daddr, new, sizeof(new));
	xslot_count(&rewritten, REWRITE_IP6, 1);
	return 0;
}

SEC("xdp")
int rewrite(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	__sum16 *check;
	int r = 0;

	if (xslot_parse(ctx, &packet) != XSLOT_PARSED) {
		xslot_count(&rewritten, REWRITE_CUT, 1);
		return XSLOT_NEXT;
	}
	check = transport_check(ctx, &packet);
	r = packet.family == 4 ? rewrite4(ctx, &packet, check) : rewrite6(ctx, &packet, check);
	if (r < 0)
		return XDP_ABORTED;
	if (port)
		rewrite_port(ctx, &packet, check);
	if (check && packet.protocol == IPPROTO_UDP)
		xslot_checksum_finish_udp(check);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
