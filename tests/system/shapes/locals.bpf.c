/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables of a function, which BTF calls "FUNCTION.NAME". */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile int limit = 1000;

SEC("xdp")
int locals(struct xdp_md *ctx)
{
	static __u64 n;
	static const volatile int most = 1000000;

	n += 1;
	return n > most || ctx->data_end - ctx->data > limit ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
