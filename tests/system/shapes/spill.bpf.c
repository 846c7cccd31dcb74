/* SPDX-License-Identifier: GPL-2.0-only */
/* Little stack, on which an address and a number that is counted down lie side by side. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int spill(struct xdp_md *ctx)
{
	char array[16] = {};
	char *volatile kept = array;
	volatile long left = 100;

	left -= 8;
	return kept[0] + left > 1000 ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
