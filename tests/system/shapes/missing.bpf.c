/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls a function that no kernel has. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int bpf_of_another_kernel(struct xdp_md *ctx) __ksym;

SEC("xdp")
int missing(struct xdp_md *ctx)
{
	return bpf_of_another_kernel(ctx) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
