/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leave by a program array, after asking a table: what comes out tells whose array and whose table it was.
 */
#include <linux/bpf.h>

#include <xslot/slot.bpf.h>

const volatile __u32 verdict = XDP_ABORTED;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} table SEC(".maps");

SEC("xdp")
int jump(struct xdp_md *ctx)
{
	__u32 zero = 0, *entry = bpf_map_lookup_elem(&table, &zero);

	if (entry && *entry == verdict)
		bpf_tail_call(ctx, &targets, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
