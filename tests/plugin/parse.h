/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What parse.bpf.c tells test-parse.c: xslot_parse()'s outcome and struct xslot_packet, in host order. */
#ifndef TESTS_PARSE_H
#define TESTS_PARSE_H

#include <linux/types.h>

struct found {
	__u32 outcome;
	__u32 ethertype;
	__u32 outer_vlan;
	__u32 inner_vlan;
	__u32 priority;
	__u32 tags;
	__u32 family;
	__u32 protocol;
	__u32 flags;
	__u32 l3;
	__u32 l4;
	__u32 l4_length;
	__u32 sport;
	__u32 dport;
	__u32 icmp_type;
	__u32 icmp_code;
	__u32 tcp_flags;
	__u32 bad;
	__u8 source[16];
	__u8 destination[16];
};

#endif
