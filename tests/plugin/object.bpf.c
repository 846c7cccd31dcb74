/* SPDX-License-Identifier: GPL-2.0-only */
/* An object file that knows nothing of xslot: four programs, one of which the verifier refuses. LEGACY: old
 * maps. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

struct {
	__uint(priority, 5);
	__uint(XDP_PASS, 0);
	__uint(XDP_DROP, 1);
	__uint(XDP_TX, 1);
} XDP_RUN_CONFIG(drop);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} xslot_test_pinned SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} events SEC(".maps");

#ifdef LEGACY
struct {
	unsigned type, key_size, value_size, max_entries, flags;
} legacy SEC("maps") = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
#endif

SEC("prog")
int drop(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&xslot_test_pinned, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
	return XDP_DROP;
}

SEC("xdp/a.section/of_its_own")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int frags(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp")
int unchecked(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;

	return *data ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
