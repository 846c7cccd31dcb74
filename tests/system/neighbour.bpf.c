// SPDX-License-Identifier: GPL-2.0-only
/* Somebody else's XDP programs, for interfaces that a host wants. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 seen;

/* A firewall of the strictest kind. */
SEC("xdp")
int drop_all(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return XDP_DROP;
}

/* One that a driver takes when packets may be larger than a page. */
SEC("xdp.frags")
int drop_frags(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int pass_all(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The part of `ask` that `xslotctl extend` can fill. */
__attribute__((noinline, weak)) int judge(struct xdp_md *ctx)
{
	volatile int verdict = XDP_PASS;

	return ctx ? verdict : XDP_ABORTED;
}

SEC("xdp")
int ask(struct xdp_md *ctx)
{
	return judge(ctx);
}

char _license[] SEC("license") = "GPL";
