/* SPDX-License-Identifier: GPL-2.0-only */
/* Count packets, or, where `unsafe` is set, read what may lie beyond the packet. */
#include <linux/bpf.h>

#include <stdbool.h>
#include <xslot/slot.bpf.h>

const volatile bool unsafe = false;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps") XSLOT_STATE;

SEC("xdp")
int trouble(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&seen, &zero);

	if (unsafe)
		return *(__u8 *)(long)ctx->data;
	if (count)
		__sync_fetch_and_add(count, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
