/* SPDX-License-Identifier: GPL-2.0-only */
/* A program for other kernels: libbpf loads SEC("?xdp") only when it is asked to, and this kernel would
 * refuse it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int next(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&next } };

SEC("xdp")
int next(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("?xdp")
int never(struct xdp_md *ctx)
{
	return *(volatile __u8 *)(long)ctx->data; /* no check of data_end */
}

SEC("?xdp")
int wanted(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	bpf_tail_call(ctx, &jumps, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
