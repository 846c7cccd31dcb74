/* SPDX-License-Identifier: GPL-2.0-only */
/* Several programs in an object, for several hooks; only some are for the packets of an interface. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline void hit(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("xdp")
int admit(struct xdp_md *ctx)
{
	hit();
	return XDP_PASS;
}

SEC("xdp")
int deny(struct xdp_md *ctx)
{
	hit();
	return XDP_DROP;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	return 0;
}

SEC("xdp/devmap")
int leaving(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("fentry/xdp_do_redirect")
int watch(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
