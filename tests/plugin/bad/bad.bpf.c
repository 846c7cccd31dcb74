/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs for bad plugins: good as it stands, and one thing is wrong in each variant of meson.build. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xslot/slot.bpf.h>

#ifndef LICENCE
#define LICENCE "GPL"
#endif

const volatile __u32 number = 1;

#ifdef CONST_ONLY
const __u32 fixed = 1;
#endif

#ifdef SPARE
const volatile __u32 treshold = 1;
#endif

#ifdef NO_CONST
__u32 changing = 1;
#endif

#ifdef STATE_OF_SOME
__u64 kept XSLOT_STATE;
__u64 forgotten;
#endif

#ifdef NO_ENTRIES
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
} table SEC(".maps");
#endif

#ifdef NO_SYMBOL
extern int xslot_nowhere(struct xdp_md *ctx) __ksym;
#endif

SEC("xdp")
int NAME(struct xdp_md *ctx)
{
	__u32 verdict = number ? XSLOT_NEXT : XDP_PASS;
#ifdef ARRAY
	static const __u8 table[16] = { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233 };
	__u8 copy[16];

	__builtin_memcpy(copy, table, sizeof(copy));
	verdict += copy[ctx->rx_queue_index & 15];
#endif
#ifdef NO_CONST
	verdict += changing;
#endif
#ifdef CONST_ONLY
	verdict += fixed > 1;
#endif
#ifdef SPARE
	verdict += treshold > 1;
#endif
#ifdef STATE_OF_SOME
	verdict += kept++ + forgotten++;
#endif
#ifdef NO_ENTRIES
	verdict += bpf_map_lookup_elem(&table, &verdict) ? 1 : 0;
#endif
#ifdef NO_SYMBOL
	verdict += xslot_nowhere(ctx);
#endif
#ifdef ENDLESS
	while (verdict)
		verdict = bpf_get_prandom_u32();
#endif
#ifdef PRIVILEGED
	bpf_printk("%u", verdict);
#endif
	return verdict;
}

char LICENSE[] SEC("license") = LICENCE;
