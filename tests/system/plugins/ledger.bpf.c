/* SPDX-License-Identifier: GPL-2.0-only */
/* Keep accounts that outlive a change of their layout. */
#include <linux/bpf.h>

#include <xslot/slot.bpf.h>

#include "ledger.h"

const volatile __u32 page = 0; /* nothing reads it: another number is another instance */

/* Mmapable, so that user space can add to what packets add to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LEDGER_ROWS);
	__type(key, __u32);
	__type(value, struct row);
} accounts SEC(".maps") XSLOT_STATE;

SEC("xdp")
int ledger(struct xdp_md *ctx)
{
	__u32 key = bpf_get_smp_processor_id() % LEDGER_ROWS;
	struct row *row = bpf_map_lookup_elem(&accounts, &key);

	if (!row)
		return XSLOT_NEXT;
	__sync_fetch_and_add(&row->packets, 1);
#if BUILD == 2
	__sync_fetch_and_add(&row->bytes, ctx->data_end - ctx->data);
#endif
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
