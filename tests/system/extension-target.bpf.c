/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the extension tests replace. entry() returns 1 + 20 + 300 as long as nobody does: each digit shows
 * which function ran.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define STUB __attribute__((noinline, weak))

static __attribute__((noinline)) int fixed(struct xdp_md *ctx)
{
	volatile int ret = 0;

	return ctx ? ret : 1;
}

STUB int first(struct xdp_md *ctx)
{
	volatile int ret = 1;

	return ctx ? ret : 0;
}

STUB int second(struct xdp_md *ctx)
{
	volatile int ret = 2;

	return ctx ? ret : 0;
}

STUB int third(struct xdp_md *ctx)
{
	volatile int ret = 3;

	return ctx ? ret : 0;
}

STUB int uncalled(struct xdp_md *ctx)
{
	volatile int ret = 4;

	return ctx ? ret : 0;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return first(ctx) + 10 * second(ctx) + 100 * third(ctx) + fixed(ctx);
}

char LICENSE[] SEC("license") = "GPL";
