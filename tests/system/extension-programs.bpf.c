/* SPDX-License-Identifier: GPL-2.0-only */
/* Extensions, right and wrong ones, for the functions of extension-target.bpf.c. Their sections do not
 * matter. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile int answer = 7;

SEC("xdp")
int seven(struct xdp_md *ctx)
{
	return answer;
}

SEC("freplace/no_such_function")
int eight(struct xdp_md *ctx)
{
	return 8;
}

SEC("something/else")
int nine(struct xdp_md *ctx)
{
	return 9;
}

SEC("xdp.frags")
int zero(struct xdp_md *ctx)
{
	return 0;
}

SEC("xdp")
int two_words_in_a_long_name(struct xdp_md *ctx)
{
	return 0;
}

SEC("xdp")
int two_arguments(struct xdp_md *ctx, int more)
{
	return more;
}

SEC("xdp")
enum xdp_action other_result(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int other_context(struct __sk_buff *skb)
{
	return 0;
}

SEC("xdp")
int out_of_bounds(struct xdp_md *ctx)
{
	return *(__u8 *)(long)ctx->data;
}

char LICENSE[] SEC("license") = "GPL";
