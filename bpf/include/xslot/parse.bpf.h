/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet headers for plugins: one call that finds Ethernet, IP and transport header in a frame, whatever lies
 * between them, and says so when it cannot. For Linux 5.10 or newer and clang 14 or newer; no helper, no map,
 * no call, 80 bytes of stack. What a caller does not look at, the compiler leaves out.
 *
 *	struct xslot_packet packet;
 *
 *	switch (xslot_parse(ctx, &packet)) {
 *	case XSLOT_PARSED: …            IP: family, addresses, protocol, perhaps ports
 *	case XSLOT_PARSED_NOT_IP: …     ARP, LLDP, PPPoE, MPLS …: packet.ethertype says which
 *	default: …                      what it carries is not known: never let it pass unseen
 *	}
 *
 * xslot_parse_addresses() goes no farther than the addresses, for plugins to which all else is the same: a
 * sixth of the work for the verifier.
 *
 * It looks through up to four tags (802.1Q, 802.1ad and the older 0x9100), IPv4 options, and up to eight
 * IPv6 extension headers: hop-by-hop options, routing, destination options, fragment, authentication.
 * Mobility, HIP and shim6 headers end the packet, as they do in Linux's own stack: they are the protocol
 * when their next header is "none" (as their RFCs demand), else the packet is malformed. On IPv4 an
 * authentication header is the protocol, 51. Tunnels are not looked into: IP in IP has the outer addresses
 * and protocol 4 or 41.
 */
#ifndef XSLOT_PARSE_BPF_H
#define XSLOT_PARSE_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define XSLOT_MAX_TAGS 4
#define XSLOT_MAX_EXTENSION_HEADERS 8
#define XSLOT_PROTOCOL_HIP 139
#define XSLOT_PROTOCOL_SHIM6 140

/* What xslot_parse() returns. From XSLOT_PARSED_TRUNCATED on, the packet's content is not known. */
enum xslot_parsed {
	XSLOT_PARSED,
	XSLOT_PARSED_NOT_IP,
	XSLOT_PARSED_TRUNCATED, /* the frame ends inside a header */
	XSLOT_PARSED_MALFORMED, /* a header contradicts itself: version, IPv4 header length, see above */
	XSLOT_PARSED_TOO_DEEP,	/* more tags or extension headers than the above */
};

/*
 * Bits of xslot_packet.flags. A later fragment is one whose content begins in another packet: it never has
 * ports. Its protocol is hidden when what was fragmented begins with one more IPv6 extension header:
 * `protocol` is that header's number then.
 */
#define XSLOT_PACKET_PORTS 1 /* sport and dport are valid */
#define XSLOT_PACKET_ICMP 2  /* icmp_type and icmp_code are valid */
#define XSLOT_PACKET_FIRST_FRAGMENT 4
#define XSLOT_PACKET_LATER_FRAGMENT 8
#define XSLOT_PACKET_PROTOCOL_HIDDEN 16

union xslot_address {
	__be32 v4;
	__be32 v6[4];
};

struct xslot_packet {
	__be16 ethertype; /* after the tags */
	__be16 vlan;	  /* the outermost tag's priority and VLAN id; 0 when there is none */
	__u8 tags;	  /* how many tags there are */
	__u8 family;	  /* 4 or 6; 0 when not IP, or not reached */
	__u8 protocol;	  /* IPPROTO_*, after the extension headers */
	__u8 flags;	  /* XSLOT_PACKET_* */
	__u16 l3;	  /* bytes from the frame's begin to the IP header */
	__u16 l4;	  /* to what follows the IP headers, which may lie outside the frame */
	union {
		struct {
			__be16 sport; /* of TCP, UDP, UDP-Lite, SCTP, DCCP */
			__be16 dport;
		};
		struct {
			__u8 icmp_type; /* of ICMP and ICMPv6 */
			__u8 icmp_code;
		};
		__be32 l4_word; /* the first four bytes behind the IP headers, when PORTS or ICMP is set */
	};
	union xslot_address source;
	union xslot_address destination;
};

/* The header `type` at `pos`, NULL when the frame ends before or in it. */
#define XSLOT_HEADER(type, pos, end) ((void *)(pos) + sizeof(type) > (end) ? NULL : (type *)(pos))

/*
 * The `size` bytes at `offset` of the frame, NULL when they are not all there; for offsets that xslot_parse()
 * found, and any others up to 32 KiB. After a helper that moves the packet ask again.
 *
 *	struct tcphdr *tcp = xslot_at(ctx, packet.l4, sizeof(*tcp));
 */
static __always_inline void *xslot_at(struct xdp_md *ctx, __u64 offset, __u64 size)
{
	void *data = (void *)(long)ctx->data, *pos;

	/* Not known to the compiler, or it would test another copy of it than the one that it adds. */
	asm volatile("" : "+r"(offset));
	if (offset > 0x7fff)
		return NULL;
	pos = data + offset;
	return pos + size > (void *)(long)ctx->data_end ? NULL : pos;
}

struct xslot_tag {
	__be16 tci;
	__be16 ethertype;
};

/* How all IPv6 extension headers begin; and the fragment header's offset and flags. */
struct xslot_extension_header {
	__u8 next;
	__u8 length; /* in units of the header's own */
	__be16 fragment;
};

static __always_inline int xslot_is_tag(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD) ||
	       ethertype == bpf_htons(ETH_P_QINQ1);
}

/*
 * The same position, as the verifier would know it had it never seen how it was reached: somewhere in the
 * first 32 KiB. Ways through different headers so end in one state, and each step is verified once, not once
 * a way (more than a million instructions otherwise). NULL when farther, which no chain of headers is.
 */
static __always_inline void *xslot_forget(void *data, void *pos)
{
	__u64 offset;

	asm volatile("%0 = %1; %0 -= %2" : "=&r"(offset) : "r"(pos), "r"(data));
	return offset > 0x7fff ? NULL : data + offset;
}

static __always_inline int xslot_is_extension_header(__u8 protocol)
{
	const __u64 all = 1ULL << IPPROTO_HOPOPTS | 1ULL << IPPROTO_ROUTING | 1ULL << IPPROTO_DSTOPTS |
			  1ULL << IPPROTO_FRAGMENT | 1ULL << IPPROTO_AH;

	return protocol < 64 && all >> protocol & 1;
}

/* The IPv4 header at `*pos`, which then is behind it. */
static __always_inline enum xslot_parsed xslot_parse_ip4(
	void *data, void **pos, void *end, struct xslot_packet *packet, int only_addresses)
{
	struct iphdr *ip = XSLOT_HEADER(struct iphdr, *pos, end);
	__u32 fragment, length;

	if (!ip)
		return XSLOT_PARSED_TRUNCATED;
	length = ip->ihl * 4;
	if (ip->version != 4 || length < sizeof(*ip))
		return XSLOT_PARSED_MALFORMED;
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->source.v4 = ip->saddr;
	packet->destination.v4 = ip->daddr;
	if (only_addresses)
		return XSLOT_PARSED;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & 0x1fff)
		packet->flags = XSLOT_PACKET_LATER_FRAGMENT;
	else if (fragment & 0x2000)
		packet->flags = XSLOT_PACKET_FIRST_FRAGMENT;
	*pos = xslot_forget(data, *pos + length);
	return *pos ? XSLOT_PARSED : XSLOT_PARSED_TRUNCATED;
}

/*
 * The IPv6 header at `*pos`, which then is behind it and its extension headers. A later fragment ends them at
 * once, and says so beside the flags: were these asked about in the loop, the verifier would have to follow
 * each of their values through each header.
 */
static __always_inline enum xslot_parsed xslot_parse_ip6(
	void *data, void **pos, void *end, struct xslot_packet *packet, int only_addresses, int *later)
{
	struct ipv6hdr *ip = XSLOT_HEADER(struct ipv6hdr, *pos, end);
	struct xslot_extension_header *header;
	__u32 length;
	__u64 i;

	if (!ip)
		return XSLOT_PARSED_TRUNCATED;
	if (ip->version != 6)
		return XSLOT_PARSED_MALFORMED;
	packet->family = 6;
	packet->protocol = ip->nexthdr;
	__builtin_memcpy(packet->source.v6, &ip->saddr, 16);
	__builtin_memcpy(packet->destination.v6, &ip->daddr, 16);
	if (only_addresses)
		return XSLOT_PARSED;
	*pos = ip + 1;
	for (i = 0; xslot_is_extension_header(packet->protocol); i++) {
		if (i == XSLOT_MAX_EXTENSION_HEADERS)
			return XSLOT_PARSED_TOO_DEEP;
		if (*pos + 8 > end)
			return XSLOT_PARSED_TRUNCATED;
		header = *pos;
		length = (header->length + 1) * 8;
		if (packet->protocol == IPPROTO_AH) {
			length = (header->length + 2) * 4;
		} else if (packet->protocol == IPPROTO_FRAGMENT) {
			length = 8;
			if (header->fragment & bpf_htons(0xfff8)) {
				packet->protocol = header->next;
				packet->flags = XSLOT_PACKET_LATER_FRAGMENT;
				if (xslot_is_extension_header(packet->protocol))
					packet->flags |= XSLOT_PACKET_PROTOCOL_HIDDEN;
				*pos += 8;
				*later = 1;
				return XSLOT_PARSED;
			}
			packet->flags |= (bpf_ntohs(header->fragment) & 1) * XSLOT_PACKET_FIRST_FRAGMENT;
		}
		packet->protocol = header->next;
		*pos = xslot_forget(data, *pos + length);
		if (!*pos)
			return XSLOT_PARSED_TRUNCATED;
	}
	return XSLOT_PARSED;
}

/* Behind the IP headers: the first four bytes, of the protocols that have ports or a type there. */
static __always_inline enum xslot_parsed xslot_parse_transport(
	void *pos, void *end, struct xslot_packet *packet)
{
	struct xslot_extension_header *header;
	__u8 flag = XSLOT_PACKET_PORTS;
	__be32 *word;

	switch (packet->protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		flag = XSLOT_PACKET_ICMP;
		/* fall through */
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		word = XSLOT_HEADER(__be32, pos, end);
		if (!word)
			return XSLOT_PARSED_TRUNCATED;
		packet->l4_word = *word;
		packet->flags |= flag;
		return XSLOT_PARSED;
	case IPPROTO_MH:
	case XSLOT_PROTOCOL_HIP:
	case XSLOT_PROTOCOL_SHIM6:
		if (packet->family == 4)
			return XSLOT_PARSED;
		if (pos + 8 > end)
			return XSLOT_PARSED_TRUNCATED;
		header = pos;
		return header->next == IPPROTO_NONE ? XSLOT_PARSED : XSLOT_PARSED_MALFORMED;
	}
	return XSLOT_PARSED;
}

/* Both of the below; the caller's constant leaves one. */
static __always_inline enum xslot_parsed xslot_parse_until(
	struct xdp_md *ctx, struct xslot_packet *packet, int only_addresses)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = XSLOT_HEADER(struct ethhdr, data, end);
	enum xslot_parsed outcome;
	struct xslot_tag *tag;
	int later = 0;
	void *pos;
	__u64 i;

	__builtin_memset(packet, 0, sizeof(*packet));
	if (!ethernet)
		return XSLOT_PARSED_TRUNCATED;
	packet->ethertype = ethernet->h_proto;
	pos = ethernet + 1;
	for (i = 0; i < XSLOT_MAX_TAGS && xslot_is_tag(packet->ethertype); i++) {
		tag = XSLOT_HEADER(struct xslot_tag, pos, end);
		if (!tag)
			return XSLOT_PARSED_TRUNCATED;
		if (!i)
			packet->vlan = tag->tci;
		packet->ethertype = tag->ethertype;
		packet->tags++;
		pos = tag + 1;
	}
	packet->l3 = pos - data;
	pos = xslot_forget(data, pos);
	if (!pos)
		return XSLOT_PARSED_TRUNCATED;
	if (packet->ethertype == bpf_htons(ETH_P_IP))
		outcome = xslot_parse_ip4(data, &pos, end, packet, only_addresses);
	else if (packet->ethertype == bpf_htons(ETH_P_IPV6))
		outcome = xslot_parse_ip6(data, &pos, end, packet, only_addresses, &later);
	else
		outcome = xslot_is_tag(packet->ethertype) ? XSLOT_PARSED_TOO_DEEP : XSLOT_PARSED_NOT_IP;
	if (outcome != XSLOT_PARSED || only_addresses)
		return outcome;
	packet->l4 = pos - data;
	if (pos > end)
		return XSLOT_PARSED_TRUNCATED;
	if (packet->family == 4) /* here, where it needs no register on the way */
		later = packet->flags & XSLOT_PACKET_LATER_FRAGMENT;
	return later ? XSLOT_PARSED : xslot_parse_transport(pos, end, packet);
}

/*
 * Find the headers of the packet in `ctx`. Fills all of `packet` that it came to and zeroes the rest; any
 * outcome leaves it readable. In a chain with frags, headers must lie in the first buffer, where drivers put
 * them: those that do not are XSLOT_PARSED_TRUNCATED.
 */
static __always_inline enum xslot_parsed xslot_parse(struct xdp_md *ctx, struct xslot_packet *packet)
{
	return xslot_parse_until(ctx, packet, 0);
}

/*
 * The same up to the addresses: family, `source` and `destination` are as xslot_parse() leaves them for any
 * packet, and so is NOT_IP. What comes after them is not looked at: `protocol` may be an extension header,
 * `flags`, `l4` and ports are 0, and PARSED is returned where xslot_parse() might find something wrong later.
 */
static __always_inline enum xslot_parsed xslot_parse_addresses(
	struct xdp_md *ctx, struct xslot_packet *packet)
{
	return xslot_parse_until(ctx, packet, 1);
}

#endif
