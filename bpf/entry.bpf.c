// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fills a slot on behalf of an XDP program that cannot be an extension itself: one tail call away from the
 * stub it runs as the kernel verified it, as an XDP program.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xslot_entry SEC(".maps");

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &xslot_entry, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
