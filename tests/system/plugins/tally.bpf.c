/* SPDX-License-Identifier: GPL-2.0-only */
/* Count each packet per CPU, with plain additions: in rows whose layout changes, and in a table that grows.
 */
#include <xslot/slot.bpf.h>

#include "tally.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TALLY_ROWS);
	__type(key, __u32);
	__type(value, struct row);
} rows SEC(".maps") XSLOT_STATE;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps") XSLOT_STATE XSLOT_SUMMED XSLOT_ENTRIES(entries);

/* Not per CPU: all slots that have it add to it, from all CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
} both SEC(".maps") XSLOT_SHARED("both") XSLOT_SUMMED XSLOT_ENTRIES(shared);

SEC("xdp")
int tally(struct xdp_md *ctx)
{
	__u32 number = bpf_get_prandom_u32() % TALLY_ROWS;
	struct row *row = bpf_map_lookup_elem(&rows, &number);
	__u32 first = 0;
	__u64 zero = 0, *all = bpf_map_lookup_elem(&both, &first),
	      *count = bpf_map_lookup_elem(&table, &number);

	if (!count) {
		bpf_map_update_elem(&table, &number, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&table, &number);
	}
	if (!row || !count || !all)
		return XDP_ABORTED;
	row->packets++;
#if BUILD == 2
	row->bytes += ctx->data_end - ctx->data;
#endif
	++*count;
	__sync_fetch_and_add(all, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
