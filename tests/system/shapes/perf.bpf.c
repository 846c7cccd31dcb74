/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports every packet through a perf buffer, with its first bytes. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("xdp")
int perf(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;

	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU | 64ULL << 32, &length, sizeof(length));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
