/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Internet checksums of a packet that changes: each function replaces an old value by a new one (RFC 1624,
 * equation 3), without reading the rest. For Linux 5.10 or newer; no helper, no map, no call. Values are as
 * in the packet, in network byte order, and start at an even offset of the summed bytes.
 *
 *	xslot_checksum_replace32(&ip->check, ip->daddr, to);
 *	xslot_checksum_replace32(&tcp->check, ip->daddr, to);   the pseudo-header has the address too
 *	ip->daddr = to;
 */
#ifndef XSLOT_CHECKSUM_BPF_H
#define XSLOT_CHECKSUM_BPF_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include <bpf/bpf_helpers.h>

/* The sum's complement plus up to 65,536 differences, back in 16 bits. */
static __always_inline __sum16 xslot_checksum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

static __always_inline void xslot_checksum_replace16(__sum16 *check, __be16 before, __be16 after)
{
	*check = xslot_checksum_fold((__u16) ~*check + (__u32)(__u16)~before + after);
}

static __always_inline void xslot_checksum_replace32(__sum16 *check, __be32 before, __be32 after)
{
	__u32 sum = (__u16) ~*check;

	sum += (__u16)~before + (__u32)(__u16)(~before >> 16);
	sum += (__u16)after + (__u32)(__u16)(after >> 16);
	*check = xslot_checksum_fold(sum);
}

/* An IPv6 address, with its words at `before` and `after`. */
static __always_inline void xslot_checksum_replace128(
	__sum16 *check, const __be32 before[4], const __be32 after[4])
{
	int i;

	for (i = 0; i < 4; i++)
		xslot_checksum_replace32(check, before[i], after[i]);
}

/*
 * UDP's own rule, to be applied after the functions above: a sum of 0 is sent as 0xffff. A packet without a
 * checksum, `check` 0, remains without one (on IPv4 only; on IPv6 that is not valid): do not call the
 * functions above for it.
 */
static __always_inline void xslot_checksum_finish_udp(__sum16 *check)
{
	if (!*check)
		*check = 0xffff;
}

#endif
