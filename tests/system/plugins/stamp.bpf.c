/* SPDX-License-Identifier: GPL-2.0-only */
/* Append a byte to the packet's trail: the build in its upper half, the parameter `id` in its lower one. */
#include <linux/bpf.h>

#include "trail.bpf.h"

const volatile __u8 id = 0;

SEC("xdp")
int stamp(struct xdp_md *ctx)
{
	__be32 *trail = trail_of(ctx);

	if (trail)
		*trail = bpf_htonl(bpf_ntohl(*trail) << 8 | BUILD << 4 | id);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
