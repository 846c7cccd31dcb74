// SPDX-License-Identifier: GPL-2.0-only
/* The smallest programs that show what a kernel allows; see core/kernel/features.c. Never attached. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

const volatile int never = 0;

/* As in dispatcher.bpf.c. */
__attribute__((noinline, weak)) int stub(struct xdp_md *ctx)
{
	volatile int ret = XSLOT_GAP;

	if (never)
		bpf_xdp_adjust_tail(ctx, 0);
	return ret;
}

SEC("xdp")
int target(struct xdp_md *ctx)
{
	return stub(ctx) == XSLOT_GAP ? XDP_DROP : XDP_PASS;
}

SEC("freplace/stub")
int extension(struct xdp_md *ctx)
{
	return XSLOT_NEXT;
}

/* What tail_call() calls. */
SEC("xdp")
int called(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("freplace/stub")
int tail_call(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 0);
	return XSLOT_NEXT;
}

char _license[] SEC("license") = "GPL";
