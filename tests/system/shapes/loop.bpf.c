/* SPDX-License-Identifier: GPL-2.0-only */
/* Tail-calls itself until a counter in the packet has reached 5. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifdef FRAGS
#define SECTION "xdp.frags/loop"
#else
#define SECTION "xdp"
#endif

int loop(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} again SEC(".maps") = {
	.values = { (void *)&loop },
};

SEC(SECTION)
int loop(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 48 > end)
		return XDP_ABORTED;
	if (data[47] == 5)
		return XDP_PASS;
	data[47]++;
	bpf_tail_call(ctx, &again, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
