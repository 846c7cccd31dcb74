/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops everything, and counts in a struct; what is odd is its BTF, see odd. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct cell {
	__u64 value;
};

struct cell seen;

SEC("xdp")
int odd(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&seen.value, 1);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
