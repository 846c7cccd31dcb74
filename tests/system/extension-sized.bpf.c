/* SPDX-License-Identifier: GPL-2.0-only */
/* A target whose function gets more than the context; compiled again with a longer struct, and with none. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct facts {
	__u64 length;
#ifdef LONGER
	__u64 more;
#endif
};

#ifdef TARGET
__attribute__((noinline, weak)) int weigh(struct xdp_md *ctx, struct facts *facts)
{
	volatile int ret = 5;

	return ctx && facts ? ret : 0;
}

SEC("xdp")
int sized(struct xdp_md *ctx)
{
	struct facts facts = { .length = ctx->data_end - ctx->data };

	return weigh(ctx, &facts);
}
#else
SEC("xdp")
int scales(struct xdp_md *ctx, struct facts *facts)
{
	if (!facts)
		return 0;
#ifdef LONGER
	return (int)facts->more;
#else
	return (int)facts->length;
#endif
}
#endif

char LICENSE[] SEC("license") = "GPL";
