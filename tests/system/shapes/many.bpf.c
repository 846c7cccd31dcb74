// SPDX-License-Identifier: GPL-2.0-only
/* 40 maps: what a slot costs the host must not depend on how many there are. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(name_)                                                                                           \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                            \
		__uint(max_entries, 1);                                                                      \
		__type(key, __u32);                                                                          \
		__type(value, __u64);                                                                        \
	} name_ SEC(".maps");
#define MAPS(n_)                                                                                             \
	MAP(m##n_##0)                                                                                        \
	MAP(m##n_##1)                                                                                        \
	MAP(m##n_##2)                                                                                        \
	MAP(m##n_##3)                                                                                        \
	MAP(m##n_##4)                                                                                        \
	MAP(m##n_##5)                                                                                        \
	MAP(m##n_##6)                                                                                        \
	MAP(m##n_##7)                                                                                        \
	MAP(m##n_##8)                                                                                        \
	MAP(m##n_##9)

MAPS(0)
MAPS(1)
MAPS(2)
MAPS(3)

SEC("xdp")
int many(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&m00, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
