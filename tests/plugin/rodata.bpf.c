/* SPDX-License-Identifier: GPL-2.0-only */
/* A variable of every kind that a parameter can fill, reported through a map as the program saw them. */
#include <linux/in6.h>
#include <stdbool.h>
#include <xslot/slot.bpf.h>

#include "rodata.h"

const volatile __u8 u8;
const volatile __u16 u16;
const volatile __u32 u32;
const volatile __u64 u64;
const volatile signed char s8;
const volatile __s16 s16;
const volatile __s32 s32;
const volatile __s64 s64;
const volatile bool flag;
const volatile __u16 flag_number;
const volatile enum fruit fruit;
const volatile __u8 fruit_number;
const volatile __u32 untouched = 77;
const volatile char text[8] = "default";
const volatile __u8 mac[6];
const volatile struct xslot_prefix prefix;
const volatile __be32 peer;
const volatile __be16 port;
const volatile struct in6_addr peer6;
const volatile struct {
	__u8 x[sizeof(struct xslot_prefix)];
} odd;
__u32 not_const = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

SEC("xdp")
int rodata(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct seen *s = bpf_map_lookup_elem(&seen, &zero);

	if (!s)
		return XDP_ABORTED;
	s->u8 = u8;
	s->u16 = u16;
	s->u32 = u32;
	s->u64 = u64;
	s->s8 = s8;
	s->s16 = s16;
	s->s32 = s32;
	s->s64 = s64;
	s->flag = flag;
	s->flag_number = flag_number;
	s->fruit = fruit;
	s->fruit_number = fruit_number;
	s->untouched = untouched;
	for (int i = 0; i < 8; i++)
		s->text[i] = text[i];
	for (int i = 0; i < 6; i++)
		s->mac[i] = mac[i];
	for (int i = 0; i < 16; i++)
		s->prefix.address[i] = prefix.address[i];
	s->prefix.family = prefix.family;
	s->prefix.length = prefix.length;
	s->peer = peer;
	s->port = port;
	for (int i = 0; i < 16; i++)
		s->peer6[i] = peer6.in6_u.u6_addr8[i];
	return XSLOT_NEXT + not_const - 1 + odd.x[0];
}

char LICENSE[] SEC("license") = "GPL";
