/* SPDX-License-Identifier: GPL-2.0-only */
/* A dispatcher whose own loader fills the array with programs of other files: UDP goes to 0, all else to 3.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} stages SEC(".maps");

/* For the guests to count in. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} hits SEC(".maps");

SEC("xdp")
int root(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;

	if (data + 34 > end)
		return XDP_ABORTED;
	bpf_map_lookup_elem(&hits, &zero);
	bpf_tail_call(ctx, &stages, data[23] == 17 ? 0 : 3);
	return XDP_TX; /* nobody there */
}

char LICENSE[] SEC("license") = "GPL";
