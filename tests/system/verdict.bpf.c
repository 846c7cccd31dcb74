// SPDX-License-Identifier: GPL-2.0-only
/* Extensions that tests put into a dispatcher's stubs. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

const volatile int value = XDP_PASS;

/* Return `value`, whatever it is. */
SEC("xdp")
int verdict(struct xdp_md *ctx)
{
	return value;
}

__u64 seen;

/* Count in `seen` and go on after `value` reads of the clock: a packet stays here for a while. */
SEC("xdp")
int slow(struct xdp_md *ctx)
{
	for (int i = 0; i < value && i < 5000; i++)
		bpf_ktime_get_ns();
	__sync_fetch_and_add(&seen, 1);
	return XSLOT_NEXT;
}

/* Go on, doing nothing at all. */
SEC("xdp")
int next(struct xdp_md *ctx)
{
	return XSLOT_NEXT;
}

/* Write `value` into the packet's byte 0 and go on. */
SEC("xdp")
int stamp_first(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	if (data + 2 <= end)
		data[0] = value;
	return XSLOT_NEXT;
}

/* Drop a packet whose byte 0 is `value`, pass any other. */
SEC("xdp")
int match_first(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	return data + 2 <= end && data[0] == (char)value ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
