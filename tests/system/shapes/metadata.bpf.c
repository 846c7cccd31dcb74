/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the driver for the hash of a packet: only a program bound to one interface may. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum xdp_rss_hash_type { XDP_RSS_TYPE_NONE };

int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash, enum xdp_rss_hash_type *type) __ksym;

SEC("xdp")
int metadata(struct xdp_md *ctx)
{
	enum xdp_rss_hash_type type = XDP_RSS_TYPE_NONE;
	__u32 hash = 0;

	return bpf_xdp_metadata_rx_hash(ctx, &hash, &type) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
