/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes no part in verdicts: what it is for is in beacon.c. */
#include <xslot/slot.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lives SEC(".maps") XSLOT_STATE;

SEC("xdp")
int beacon(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&lives, &zero) ? XSLOT_NEXT : XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
