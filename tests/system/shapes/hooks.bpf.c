/* SPDX-License-Identifier: GPL-2.0-only */
/* For both hooks: the program array is the tc side's, whose program this kernel would refuse. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

SEC("tc")
int classify(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, 1);
	return *(volatile __u8 *)(long)skb->data; /* no check of data_end */
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
