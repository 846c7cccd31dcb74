/* SPDX-License-Identifier: GPL-2.0-only */
/* Redirects to whatever interface its user put into a devmap; drops when there is none. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

SEC("xdp")
int devmap_redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&targets, 0, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
