/* SPDX-License-Identifier: GPL-2.0-only */
/* Keep the packet for as long as `reads` readings of the clock take; with `clear`, clear its trail first. */
#include <linux/bpf.h>

#include "trail.bpf.h"

const volatile __u32 reads = 0;
const volatile _Bool clear = 0;
__u64 latest; /* keeps the readings from being optimised away */

SEC("xdp")
int slow(struct xdp_md *ctx)
{
	__be32 *trail = trail_of(ctx);

	if (trail && clear)
		*trail = 0;
	for (__u32 i = 0; i < 4000 && i < reads; i++)
		latest = bpf_ktime_get_ns();
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
