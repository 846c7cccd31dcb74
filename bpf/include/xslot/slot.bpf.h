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
 * Beside XSLOT_STATE: what the bytes mean. Raise the number, from 1 on, when a new build gives them another
 * meaning: this map starts empty then, or the plugin's migrate fills it, and other maps are carried over.
 */
#define XSLOT_STATE_VERSION(number_) XSLOT_STATE_VERSION_(number_)
#define XSLOT_STATE_VERSION_(number_) __attribute__((btf_decl_tag("xslot:version:" #number_)))

/*
 * Beside XSLOT_STATE: what becomes of a map of another size in the next build or after a change of
 * parameters. Without a mark it starts empty. With one of these each entry gets to the place of its key: of
 * arrays, hashes and longest-prefix tries, with the values of all CPUs. Entries that do not fit are left out,
 * and the log says how many.
 *
 * XSLOT_COPIED is for all values. What the old program still changes in an entry that was copied is lost, and
 * entries that it adds are not. XSLOT_SUMMED is for values that are made of 64-bit numbers to which programs
 * add: no packet is lost or counted twice.
 */
#define XSLOT_COPIED __attribute__((btf_decl_tag("xslot:resize:copy")))
#define XSLOT_SUMMED __attribute__((btf_decl_tag("xslot:resize:add")))

/*
 * One map for all slots of a chain that give a map this name, a literal: their declarations must agree in all
 * but their names in C. A shared map is state. It lives as long as one of the slots has it.
 *
 *	struct { … } blocked SEC(".maps") XSLOT_SHARED("blocked");
 */
#define XSLOT_SHARED(name_) __attribute__((btf_decl_tag("xslot:shared:" name_)))

/*
 * The number of a map's entries comes from a parameter: an XSLOT_UINT is the number, an XSLOT_FILE gives one
 * entry for each of its lines, or for each `bytes_` bytes. The parameter needs no variable. max_entries, if
 * the map has it, holds when the parameter has no value.
 *
 *	struct { … } sources SEC(".maps") XSLOT_STATE XSLOT_ENTRIES(max_sources);
 */
#define XSLOT_ENTRIES(param_) __attribute__((btf_decl_tag("xslot:entries:" #param_)))
#define XSLOT_ENTRIES_PER(param_, bytes_) XSLOT_ENTRIES_PER_(param_, bytes_)
#define XSLOT_ENTRIES_PER_(param_, bytes_) __attribute__((btf_decl_tag("xslot:entries:" #param_ "/" #bytes_)))

/*
 * `rows` counters, with one copy for each CPU, so that no two CPUs write to the same one; they are state, so
 * a reload does not reset them, also when there are more rows then. In user space, xslot_counter() of
 * <xslot/counter.h> adds the copies up.
 *
 *	XSLOT_COUNTERS(seen, SEEN_ROWS);
 *	xslot_count(&seen, SEEN_IPV6, 1);
 *
 * With a name for each row, in their order, the host shows the sums in the slot's status as the numbers
 * seen_ipv4, seen_ipv6 and seen_other, and the plugin needs no status callback for it:
 *
 *	XSLOT_COUNTERS(seen, SEEN_ROWS, ipv4, ipv6, other);
 */
#define XSLOT_COUNTERS(name_, rows_, ...)                                                                    \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                     \
		__uint(max_entries, rows_);                                                                  \
		__type(key, __u32);                                                                          \
		__type(value, __u64);                                                                        \
	} name_ SEC(".maps") XSLOT_STATE XSLOT_SUMMED __VA_OPT__(XSLOT_ROWS_(__VA_ARGS__))
#define XSLOT_ROWS_(...) __attribute__((btf_decl_tag("xslot:rows:" #__VA_ARGS__)))

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

/*
 * An action, for a reason: a number from 1 to 65535, the plugin's own. Not for XSLOT_NEXT. The number is part
 * of the verdict only while something reads it: xslot-test does, which sets xslot_reasons. Otherwise the
 * verdict is the action and nothing else.
 *
 *	return XSLOT_BECAUSE(XDP_DROP, TOO_SHORT);
 */
const volatile __u8 xslot_reasons __attribute__((weak)) = 0;
#define XSLOT_BECAUSE(action, reason) ((int)(xslot_reasons ? XSLOT_REASONED(action, reason) : (action)))

/* The packet's bytes from the Ethernet header on; with frags those of all buffers, past data_end. */
static __always_inline __u64 xslot_length(struct xdp_md *ctx)
{
	return xslot_frags ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
}

#endif
