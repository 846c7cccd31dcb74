/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls functions of a module of the kernel: is the packet part of a connection that nf_conntrack knows? */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};
struct nf_conn {
	unsigned long status;
};

struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 size,
	struct bpf_ct_opts *opts, __u32 opts_size) __ksym;
void bpf_ct_release(struct nf_conn *connection) __ksym;

SEC("xdp")
int kfunc(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct bpf_ct_opts opts = { .netns_id = -1, .l4proto = 17 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *connection;

	if (data + 42 > end)
		return XDP_ABORTED;
	tuple.ipv4.saddr = *(__u32 *)(data + 26);
	tuple.ipv4.daddr = *(__u32 *)(data + 30);
	tuple.ipv4.sport = *(__u16 *)(data + 34);
	tuple.ipv4.dport = *(__u16 *)(data + 36);
	connection = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!connection)
		return XDP_DROP;
	bpf_ct_release(connection);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
