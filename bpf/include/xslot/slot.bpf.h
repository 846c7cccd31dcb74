/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For a plugin's BPF program. The program is an ordinary XDP program, a global function with the plugin's
 * name: int NAME(struct xdp_md *ctx). It returns an XDP action, which ends the chain, or XSLOT_NEXT. A
 * `const volatile` variable with a parameter's name holds its value. See xslot-plugin(7).
 *
 * The headers for BPF include the kernel's linux/...h. A plugin that has a vmlinux.h instead includes it
 * before them. libbpf then reads the whole kernel's BTF at each load.
 */
#ifndef XSLOT_SLOT_BPF_H
#define XSLOT_SLOT_BPF_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

/*
 * Marks a map, or a variable that is initially 0 (.bss), as state: the instance that replaces this one takes
 * it over if its layout is the same there. Without the mark, each instance gets an empty map of its own.
 * If you mark one variable, mark all: .bss is one map.
 *
 *	struct { … } flows SEC(".maps") XSLOT_STATE;
 *	__u64 dropped XSLOT_STATE;
 */
#define XSLOT_STATE __attribute__((btf_decl_tag("xslot:state")))

/*
 * `rows` counters, with one copy for each CPU, so that no two CPUs write to the same one; they are state, so
 * a reload does not reset them. In user space, xslot_counter() of <xslot/counter.h> adds the copies up.
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

/* A row that does not exist: no effect. */
static __always_inline void xslot_count(void *counters, __u32 row, __u64 by)
{
	__u64 *counter = bpf_map_lookup_elem(counters, &row);

	if (counter)
		*counter += by;
}

/*
 * The host sets it in a chain with frags (Linux 5.18), where a packet may be in more than one buffer. A CO-RE
 * check would make each load read the whole kernel's BTF.
 */
const volatile __u8 xslot_frags __attribute__((weak)) = 0;

/* The packet's bytes from the Ethernet header on; with frags those of all buffers, past data_end. */
static __always_inline __u64 xslot_length(struct xdp_md *ctx)
{
	return xslot_frags ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

#endif
