/* SPDX-License-Identifier: GPL-2.0-only */
/* Count packets of each length, in maps whose sizes come from the slot. */
#include <xslot/slot.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps") XSLOT_STATE XSLOT_SUMMED XSLOT_ENTRIES(most);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} names SEC(".maps") XSLOT_ENTRIES(list);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} twice SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
} everyone SEC(".maps") XSLOT_SHARED("everyone") XSLOT_SUMMED XSLOT_ENTRIES(common);

SEC("xdp")
int sized(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, none = 0;
	__u64 zero = 0, *count = bpf_map_lookup_elem(&lengths, &length);

	if (!count) {
		bpf_map_update_elem(&lengths, &length, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&lengths, &length);
	}
	if (!count || !bpf_map_lookup_elem(&names, &none) || !bpf_map_lookup_elem(&twice, &none))
		return XDP_DROP;
	++*count;
	count = bpf_map_lookup_elem(&everyone, &none);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
