/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes what xslot_parse() found into a map, for test-parse. */
#include <xslot/parse.bpf.h>

struct found {
	__u32 outcome;
	struct xslot_packet packet;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct found);
} found SEC(".maps");

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct found *result = bpf_map_lookup_elem(&found, &zero);
	struct xslot_packet packet;

	if (!result)
		return XDP_ABORTED;
	result->outcome = xslot_parse(ctx, &packet);
	result->packet = packet;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
