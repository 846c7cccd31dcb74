/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a plugin's BPF program includes. The program itself is an ordinary XDP program, a global function that
 * bears the plugin's name: int NAME(struct xdp_md *ctx). It returns an XDP action, which ends the chain, or
 * XSLOT_NEXT. A `const volatile` variable that bears a parameter's name holds its value. See xslot-plugin(7).
 */
#ifndef XSLOT_SLOT_BPF_H
#define XSLOT_SLOT_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

/*
 * Marks a map, or a variable that is 0 at first (.bss), as state: it goes on to the instance that replaces
 * this one when its layout is the same there. Without the mark each instance gets a map of its own, empty.
 * When one variable is marked, mark all: .bss is one map.
 *
 *	struct { … } flows SEC(".maps") XSLOT_STATE;
 *	__u64 dropped XSLOT_STATE;
 */
#define XSLOT_STATE __attribute__((btf_decl_tag("xslot:state")))

/*
 * Counters, `rows` of them, one copy a CPU so that no two CPUs write to the same one, and state, so that a
 * reload goes on counting. In user space xslot_counter() of <xslot/counter.h> adds the copies up.
 *
 *	XSLOT_COUNTERS(seen, SEEN_ROWS);
 *	xslot_count(&seen, SEEN_IPV6, 1);
 */
#define XSLOT_COUNTERS(name_, rows_)                                                                         \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                     \
		__uint(max_entries, rows_);                                                                  \
		__type(key, __u32);                                                                          \
		__type(value, __u64);                                                                        \
	} name_ SEC(".maps") XSLOT_STATE

/* A row that there is not counts nothing. */
static __always_inline void xslot_count(void *counters, __u32 row, __u64 by)
{
	__u64 *counter = bpf_map_lookup_elem(counters, &row);

	if (counter)
		*counter += by;
}

/*
 * The host sets it in a chain with frags (Linux 5.18), where a packet may lie in more than one buffer. Not a
 * CO-RE question to the kernel: that would make each load read the whole kernel's BTF.
 */
const volatile __u8 xslot_frags __attribute__((weak)) = 0;

/* The packet's bytes from the Ethernet header on, in all of its buffers: with frags, data_end ends the first.
 */
static __always_inline __u64 xslot_length(struct xdp_md *ctx)
{
	return xslot_frags ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

#endif
