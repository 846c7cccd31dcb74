/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps in a map, one of them put there by the object itself: the tenant that the packet's last address byte
 * names decides. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct tenant {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} tenant_1 SEC(".maps"), tenant_2 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct tenant);
} tenants SEC(".maps") = {
	.values = { [1] = &tenant_1, [2] = &tenant_2 },
};

SEC("xdp")
int nested(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 id, zero = 0, *verdict;
	void *tenant;

	if (data + 34 > end)
		return XDP_ABORTED;
	id = data[33];
	tenant = bpf_map_lookup_elem(&tenants, &id);
	if (!tenant)
		return XDP_TX;
	verdict = bpf_map_lookup_elem(tenant, &zero);
	return verdict ? *verdict : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
