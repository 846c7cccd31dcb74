/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet headers for plugins: one call finds the Ethernet, IP and transport header in a frame, whatever is
 * between them, and reports when it cannot. For Linux 5.10 or newer and clang 14 or newer; no map, no call,
 * 80 bytes of stack, and no helper, except for packets in several buffers. The compiler leaves out what the
 * caller does not use.
 *
 *	struct xslot_packet packet;
 *
 *	switch (xslot_parse(ctx, &packet)) {
 *	case XSLOT_PARSED: …            IP: family, addresses, protocol, perhaps ports
 *	case XSLOT_PARSED_NOT_IP: …     ARP, LLDP, PPPoE, MPLS …: packet.ethertype says which
 *	default: …                      its content is not known: never let it pass unchecked
 *	}
 *
 * or, if packets that are not IP need no other answer than IP packets: if (xslot_parsed_bad(outcome)) …
 *
 * xslot_parse_addresses() stops after the addresses, for plugins that need nothing else: a sixth of the work
 * for the verifier.
 *
 * It parses up to four tags (802.1Q, 802.1ad and the older 0x9100), IPv4 options, and up to eight
 * IPv6 extension headers: hop-by-hop options, routing, destination options, fragment, authentication.
 * Mobility, HIP and shim6 headers end the packet, as they do in Linux's own stack: they are the protocol
 * if their next header is "none" (as their RFCs demand), else the packet is malformed. On IPv4 an
 * authentication header is the protocol, 51. Tunnels are not parsed: IP in IP has the outer addresses
 * and protocol 4 or 41.
 *
 * A receiver cuts a packet to the length in its IP header, and so does xslot_parse(): it ignores the rest of
 * the frame (padding, or bytes that an attacker put there). A wrong length makes the packet truncated or
 * malformed: an IP length longer than the frame or shorter than the headers; a UDP length longer than the
 * packet; TCP's data offset. A first fragment must contain all headers up to the end of the
 * transport header (RFC 7112, RFC 1858), and a later one of IPv4 must not overlap it (RFC 3128). A length
 * of 0 means the frame's length where the field is too small: for a jumbogram (RFC 2675; its
 * option must be the first), and for TCP that Linux joined to more than 64 KiB (BIG TCP).
 */
#ifndef XSLOT_PARSE_BPF_H
#define XSLOT_PARSE_BPF_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#else /* which has no macros */
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021AD 0x88a8
#define ETH_P_QINQ1 0x9100
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ICMPV6 58
#define IPPROTO_NONE 59
#define IPPROTO_DSTOPTS 60
#define IPPROTO_MH 135
#endif

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <xslot/slot.bpf.h>

#define XSLOT_MAX_TAGS 4
#define XSLOT_MAX_EXTENSION_HEADERS 8
#define XSLOT_PROTOCOL_HIP 139
#define XSLOT_PROTOCOL_SHIM6 140

/* What xslot_parse() returns. From XSLOT_PARSED_TRUNCATED on, the packet's content is not known. */
enum xslot_parsed {
	XSLOT_PARSED,
	XSLOT_PARSED_NOT_IP,
	XSLOT_PARSED_TRUNCATED, /* the packet ends inside a header, or the frame before the packet */
	XSLOT_PARSED_MALFORMED, /* a header contradicts itself or others: version, lengths, see above */
	XSLOT_PARSED_TOO_DEEP,	/* more tags or extension headers than above */
};

/* Is the packet's content unknown? Its fields hold what was found before; never let it pass unchecked. */
static __always_inline int xslot_parsed_bad(enum xslot_parsed outcome)
{
	return outcome >= XSLOT_PARSED_TRUNCATED;
}

/*
 * Bits of xslot_packet.flags. A later fragment's content begins in another packet, so it never has ports. On
 * IPv6 its protocol is hidden too: receivers take it from the first fragment, and ignore that of later ones
 * (RFC 8200, 4.5). `protocol` is then IPPROTO_FRAGMENT, 44.
 */
#define XSLOT_PACKET_PORTS 1 /* sport and dport are valid */
#define XSLOT_PACKET_ICMP 2  /* icmp_type and icmp_code are valid */
#define XSLOT_PACKET_FIRST_FRAGMENT 4
#define XSLOT_PACKET_LATER_FRAGMENT 8
#define XSLOT_PACKET_PROTOCOL_HIDDEN 16

/* Bits of xslot_packet.tcp_flags, as in the header. */
#define XSLOT_TCP_FIN 1
#define XSLOT_TCP_SYN 2
#define XSLOT_TCP_RST 4
#define XSLOT_TCP_PSH 8
#define XSLOT_TCP_ACK 16
#define XSLOT_TCP_URG 32
#define XSLOT_TCP_ECE 64
#define XSLOT_TCP_CWR 128

union xslot_address {
	__be32 v4;
	__be32 v6[4];
};

struct xslot_packet {
	__be16 ethertype; /* after the tags */
	__u16 outer_vlan; /* the outermost tag's VLAN id, in host order; 0 if there is none */
	__u16 inner_vlan; /* the innermost tag's, if there are two or more; else 0 */
	__u8 tags;	  /* how many tags there are */
	__u8 priority;	  /* the outermost tag's, 0 to 7 */
	__u8 family;	  /* 4 or 6; 0 if not IP, or not reached */
	__u8 protocol;	  /* IPPROTO_*, after the extension headers */
	__u8 flags;	  /* XSLOT_PACKET_* */
	__u8 tcp_flags;	  /* XSLOT_TCP_*, if it is TCP and PORTS is set; else 0 */
	__u16 l3;	  /* bytes from the frame's begin to the IP header */
	__u16 l4;	  /* to the end of the IP headers, which may be outside the frame */
	__u32 l4_length;  /* bytes of the packet from l4 on; the frame may be longer */
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

/*
 * Bits `from` to `from + 31` of a mask of `length` ones, in network byte order: address & xslot_mask(24, 0)
 * is the address's /24; the words of an IPv6 address begin at bit 0, 32, 64 and 96.
 */
static __always_inline __be32 xslot_mask(__u32 length, __u32 from)
{
	if (length <= from)
		return 0;
	if (length >= from + 32)
		return ~0U;
	return bpf_htonl(~0U << (32 - (length - from)));
}

/* For the compiler: not on the way of nearly all packets. */
#define XSLOT_RARELY(condition) __builtin_expect(!!(condition), 0)

/* The header `type` at `pos`, NULL when the frame ends before or in it. */
#define XSLOT_HEADER(type, pos, end) ((void *)(pos) + sizeof(type) > (end) ? NULL : (type *)(pos))

#define XSLOT_FARTHEST 0x7fff /* all headers lie within */

/*
 * The position `offset` bytes from `data`, for an offset that was found to be at most XSLOT_FARTHEST. Said
 * once more in the instruction before the addition: the compiler may add another copy than the one that it
 * tested, or one that was on the stack meanwhile, of which Linux 5.10 knows no bound.
 */
static __always_inline void *xslot_add(void *data, __u64 offset)
{
#ifdef __bpf__ /* and not a test that is compiled for its own machine */
	asm volatile("%0 &= 0x7fff; %0 += %1" : "+r"(offset) : "r"(data));
	return (void *)offset;
#else
	return data + offset;
#endif
}

/*
 * The `size` bytes at `offset` of the frame, NULL if they are not all there; for offsets that xslot_parse()
 * found, and any others up to 32 KiB. Call it again after a helper that moves the packet.
 *
 *	struct tcphdr *tcp = xslot_at(ctx, packet.l4, sizeof(*tcp));
 */
static __always_inline void *xslot_at(struct xdp_md *ctx, __u64 offset, __u64 size)
{
	void *data = (void *)(long)ctx->data, *pos;

	if (offset > XSLOT_FARTHEST)
		return NULL;
	pos = xslot_add(data, offset);
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
 * a way (more than a million instructions otherwise). False when it is farther, which no chain of headers is.
 */
static __always_inline int xslot_forget(void *data, void **pos)
{
	__u64 offset = *pos - data;

#ifdef __bpf__
	asm volatile("%0 = %1; %0 -= %2" : "=&r"(offset) : "r"(*pos), "r"(data));
#endif
	if (offset > XSLOT_FARTHEST)
		return 0;
	*pos = xslot_add(data, offset);
	return 1;
}

static __always_inline int xslot_is_extension_header(__u8 protocol)
{
	const __u64 all = 1ULL << IPPROTO_HOPOPTS | 1ULL << IPPROTO_ROUTING | 1ULL << IPPROTO_DSTOPTS |
			  1ULL << IPPROTO_FRAGMENT | 1ULL << IPPROTO_AH;

	return protocol < 64 && all >> protocol & 1;
}

/*
 * The protocol, for decisions that only the outcome depends on. The compiler does not know that it is the
 * same number: it would keep all of them, to put the number known from each into packet->protocol, for
 * callers that do not look at the outcome.
 */
static __always_inline __u32 xslot_protocol(const struct xslot_packet *packet)
{
	__u32 protocol = packet->protocol;

	asm("" : "+r"(protocol));
	return protocol;
}

/* Where `left` bytes behind `pos` end, from `data` on; so that the verifier knows no more of it than above.
 */
static __always_inline __s64 xslot_end_of(void *data, void *pos, __s64 left)
{
	__s64 offset = pos - data;

#ifdef __bpf__
	asm volatile("%0 = %1; %0 -= %2" : "=&r"(offset) : "r"(pos), "r"(data));
#endif
	return offset + left;
}

/*
 * The IP length is not one of those that nearly all packets have: more than 0, and there in the first buffer.
 * `*left` is what it leaves behind the IP header, which ends at `pos`; `size` is that header's as far as the
 * length counts it. Corrects `*left` where the length does not say it.
 */
static __always_inline enum xslot_parsed xslot_check_length(
	struct xdp_md *ctx, void *pos, void *end, const struct xslot_packet *packet, __s64 size, __s64 *left)
{
	__s64 room = (__s64)xslot_length(ctx) - (pos - (void *)(long)ctx->data);
	__u32 protocol = xslot_protocol(packet);
	__be32 *jumbo = pos;

	if (size + *left == 0 && size + room > 0xffff) {
		if (protocol == IPPROTO_TCP) {
			*left = room;
		} else if (packet->family == 6 && protocol == IPPROTO_HOPOPTS) {
			if (pos + 8 > end)
				return XSLOT_PARSED_TRUNCATED;
			/* Option 0xc2 of 4 bytes, behind the two that all hop-by-hop options begin with. */
			if ((jumbo[0] & bpf_htonl(0xffff)) != bpf_htonl(0xc204))
				return XSLOT_PARSED_MALFORMED;
			*left = bpf_ntohl(jumbo[1]);
			if (*left <= 0xffff)
				return XSLOT_PARSED_MALFORMED;
		}
	}
	if (*left < 0)
		return XSLOT_PARSED_MALFORMED;
	return *left > room ? XSLOT_PARSED_TRUNCATED : XSLOT_PARSED;
}

/*
 * Does a later fragment at `offset`, in units of 8 bytes, begin within the transport header? It could put
 * other flags over those of the first one (RFC 1858, RFC 3128).
 */
static __always_inline int xslot_lies_over(__u32 protocol, __u32 offset)
{
	if (protocol == IPPROTO_TCP)
		return offset < 3;
	return offset < 2 && (protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP);
}

/* UDP's length is not between its header's and what there is: is it to be understood all the same? */
static __always_inline enum xslot_parsed xslot_check_udp(
	const struct xslot_packet *packet, __s64 length, __s64 left)
{
	if (left < 8)
		return XSLOT_PARSED_TRUNCATED;
	if (length >= 8 && packet->flags & XSLOT_PACKET_FIRST_FRAGMENT)
		return XSLOT_PARSED; /* that of all fragments together */
	return !length && packet->family == 6 && left > 0xffff ? XSLOT_PARSED : XSLOT_PARSED_MALFORMED;
}

/*
 * Behind the IP headers, with `left` bytes of the packet to come, less than none when these are longer than
 * it: the first four bytes, of the protocols that have ports or a type there.
 */
static __always_inline enum xslot_parsed xslot_parse_transport(
	void *pos, void *end, __s64 left, struct xslot_packet *packet)
{
	struct xslot_extension_header *header = pos;
	__u8 flag = XSLOT_PACKET_PORTS;
	enum xslot_parsed outcome;
	__s64 length = 4;

	switch (xslot_protocol(packet)) {
	case IPPROTO_TCP:
		if (pos + 20 > end)
			return XSLOT_PARSED_TRUNCATED;
		length = (((__u8 *)pos)[12] >> 4) * 4;
		if (length < 20)
			return XSLOT_PARSED_MALFORMED;
		if (length > left)
			return XSLOT_PARSED_TRUNCATED;
		packet->tcp_flags = ((__u8 *)pos)[13];
		break;
	case IPPROTO_UDP:
		if (pos + 8 > end)
			return XSLOT_PARSED_TRUNCATED;
		length = bpf_ntohs(((__be16 *)pos)[2]);
		if (XSLOT_RARELY(length < 8 || length > left)) {
			outcome = xslot_check_udp(packet, length, left);
			if (outcome != XSLOT_PARSED)
				return outcome;
		}
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		flag = XSLOT_PACKET_ICMP;
		if (pos + 4 > end || left < 4)
			return XSLOT_PARSED_TRUNCATED;
		break;
	case IPPROTO_UDPLITE:
		if (pos + 8 > end || left < 8)
			return XSLOT_PARSED_TRUNCATED;
		break;
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		if (pos + 12 > end || left < 12)
			return XSLOT_PARSED_TRUNCATED;
		break;
	case IPPROTO_MH:
	case XSLOT_PROTOCOL_HIP:
	case XSLOT_PROTOCOL_SHIM6:
		if (packet->family == 4)
			return XSLOT_PARSED;
		if (pos + 8 > end || (header->length + 1) * 8 > left)
			return XSLOT_PARSED_TRUNCATED;
		return header->next == IPPROTO_NONE ? XSLOT_PARSED : XSLOT_PARSED_MALFORMED;
	default:
		return left < 0 ? XSLOT_PARSED_TRUNCATED : XSLOT_PARSED;
	}
	packet->l4_word = *(__be32 *)pos;
	packet->flags |= flag;
	return XSLOT_PARSED;
}

/* All from the IPv4 header at `pos` on. */
static __always_inline enum xslot_parsed xslot_parse_ip4(
	struct xdp_md *ctx, void *data, void *pos, void *end, struct xslot_packet *packet, int only_addresses)
{
	struct iphdr *ip = XSLOT_HEADER(struct iphdr, pos, end);
	enum xslot_parsed outcome;
	__u32 fragment, length;
	__s64 left;

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
	left = (__s64)bpf_ntohs(ip->tot_len) - length;
	pos += length;
	if (!xslot_forget(data, &pos) || pos > end)
		return XSLOT_PARSED_TRUNCATED;
	/* Less than nothing is, unsigned, more than there is. */
	if (XSLOT_RARELY((__u64)left > (__u64)(end - pos))) {
		outcome = xslot_check_length(ctx, pos, end, packet, length, &left);
		if (outcome != XSLOT_PARSED)
			return outcome;
	}
	packet->l4 = pos - data;
	packet->l4_length = left;
	if (XSLOT_RARELY(fragment & 0x1fff)) {
		packet->flags = XSLOT_PACKET_LATER_FRAGMENT;
		return xslot_lies_over(xslot_protocol(packet), fragment & 0x1fff) ? XSLOT_PARSED_MALFORMED
										  : XSLOT_PARSED;
	}
	packet->flags = fragment / 0x2000 & 1 ? XSLOT_PACKET_FIRST_FRAGMENT : 0;
	return xslot_parse_transport(pos, end, left, packet);
}

/*
 * The IPv6 extension headers at `*pos`, of a packet of `*left` bytes from there on; then, what is behind
 * them. What is asked about in the loop, the verifier follows through each header: the packet's end is one
 * number for all of it, and a later fragment leaves it at once.
 */
static __always_inline enum xslot_parsed xslot_parse_extension_headers(
	void *data, void **pos, void *end, struct xslot_packet *packet, __s64 *left)
{
	__s64 stop = xslot_end_of(data, *pos, *left);
	struct xslot_extension_header *header;
	__u32 length;
	__u64 i;

	for (i = 0; xslot_is_extension_header(packet->protocol); i++) {
		if (i == XSLOT_MAX_EXTENSION_HEADERS)
			return XSLOT_PARSED_TOO_DEEP;
		if (*pos + 8 > end || xslot_end_of(data, *pos, 8) > stop)
			return XSLOT_PARSED_TRUNCATED;
		header = *pos;
		length = (header->length + 1) * 8;
		if (packet->protocol == IPPROTO_AH) {
			length = (header->length + 2) * 4;
			if (!header->length)
				return XSLOT_PARSED_MALFORMED;
		} else if (packet->protocol == IPPROTO_FRAGMENT) {
			length = 8;
			if (header->fragment & bpf_htons(0xfff8)) {
				packet->flags = XSLOT_PACKET_LATER_FRAGMENT | XSLOT_PACKET_PROTOCOL_HIDDEN;
				*pos += 8;
				break;
			}
			packet->flags |= (bpf_ntohs(header->fragment) & 1) * XSLOT_PACKET_FIRST_FRAGMENT;
		}
		packet->protocol = header->next;
		*pos += length;
		if (!xslot_forget(data, pos))
			return XSLOT_PARSED_TRUNCATED;
	}
	*left = stop - xslot_end_of(data, *pos, 0);
	return XSLOT_PARSED;
}

/* All from the IPv6 header at `pos` on. */
static __always_inline enum xslot_parsed xslot_parse_ip6(
	struct xdp_md *ctx, void *data, void *pos, void *end, struct xslot_packet *packet, int only_addresses)
{
	struct ipv6hdr *ip = XSLOT_HEADER(struct ipv6hdr, pos, end);
	enum xslot_parsed outcome;
	__s64 left;

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
	left = bpf_ntohs(ip->payload_len);
	pos = ip + 1;
	if (XSLOT_RARELY(!left || left > end - pos)) {
		outcome = xslot_check_length(ctx, pos, end, packet, 0, &left);
		if (outcome != XSLOT_PARSED)
			return outcome;
	}
	if (XSLOT_RARELY(xslot_is_extension_header(packet->protocol))) {
		outcome = xslot_parse_extension_headers(data, &pos, end, packet, &left);
		if (outcome != XSLOT_PARSED)
			return outcome;
	}
	packet->l4 = pos - data;
	packet->l4_length = left;
	if (pos > end)
		return XSLOT_PARSED_TRUNCATED;
	if (packet->flags & XSLOT_PACKET_LATER_FRAGMENT)
		return XSLOT_PARSED;
	return xslot_parse_transport(pos, end, left, packet);
}

/* The next tag, before it is counted. */
static __always_inline void xslot_note_tag(struct xslot_packet *packet, __u16 tci)
{
	if (packet->tags) {
		packet->inner_vlan = tci & 0xfff;
	} else {
		packet->outer_vlan = tci & 0xfff;
		packet->priority = tci >> 13;
	}
}

/* Both of the below; the caller's constant leaves one. */
static __always_inline enum xslot_parsed xslot_parse_until(
	struct xdp_md *ctx, struct xslot_packet *packet, int only_addresses)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = XSLOT_HEADER(struct ethhdr, data, end);
	struct xslot_tag *tag;
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
		xslot_note_tag(packet, bpf_ntohs(tag->tci));
		packet->ethertype = tag->ethertype;
		packet->tags++;
		pos = tag + 1;
	}
	packet->l3 = pos - data;
	if (!xslot_forget(data, &pos))
		return XSLOT_PARSED_TRUNCATED;
	if (packet->ethertype == bpf_htons(ETH_P_IP))
		return xslot_parse_ip4(ctx, data, pos, end, packet, only_addresses);
	if (packet->ethertype == bpf_htons(ETH_P_IPV6))
		return xslot_parse_ip6(ctx, data, pos, end, packet, only_addresses);
	return xslot_is_tag(packet->ethertype) ? XSLOT_PARSED_TOO_DEEP : XSLOT_PARSED_NOT_IP;
}

/*
 * Find the headers of the packet in `ctx`. Fills what it found into `packet` and zeroes the rest; after any
 * outcome it is readable. In a chain with frags, headers must be in the first buffer, where drivers put
 * them: otherwise the result is XSLOT_PARSED_TRUNCATED. The IP length is compared with all of the packet's
 * buffers if xslot_frags is 1, as the host sets it.
 */
static __always_inline enum xslot_parsed xslot_parse(struct xdp_md *ctx, struct xslot_packet *packet)
{
	return xslot_parse_until(ctx, packet, 0);
}

/*
 * The same up to the addresses: family, `source` and `destination` are those of xslot_parse() for any
 * packet, and so is NOT_IP. The rest is not parsed: `protocol` may be an extension header,
 * `flags`, `l4` and ports are 0, lengths are not checked, and PARSED is returned even if xslot_parse()
 * would find something wrong later.
 */
static __always_inline enum xslot_parsed xslot_parse_addresses(
	struct xdp_md *ctx, struct xslot_packet *packet)
{
	return xslot_parse_until(ctx, packet, 1);
}

#endif
