/* SPDX-License-Identifier: GPL-2.0-only */
/* Hands packets to the CPU that its user put into a cpumap; drops when there is none. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

SEC("xdp")
int cpumap_redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&targets, 0, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
