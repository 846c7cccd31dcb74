/* SPDX-License-Identifier: GPL-2.0-only */
/* Data in sections that compilers and authors name with dots, and maps that are called as sections are. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 limit SEC(".rodata.tune") = 1000;
__u64 hot SEC(".data.hot") = 5;
__u64 cold SEC(".bss.cold");
int seed = 7; /* .data, beside a map of that name */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} data SEC(".maps"), rodata SEC(".maps"), bss SEC(".maps"), data_hot SEC(".maps");

/* Chosen by pointer, so clang keeps the strings: .rodata.str1.1. */
static __always_inline const char *mood(__u32 queue)
{
	switch (queue) {
	case 0:
		return "calm";
	case 1:
		return "busy";
	default:
		return "lost";
	}
}

static __always_inline void add(void *map, __u64 more)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(map, &zero);

	if (value)
		__sync_fetch_and_add(value, more);
}

SEC("xdp")
int sections(struct xdp_md *ctx)
{
	const char *text = mood(ctx->rx_queue_index);

	hot++;
	cold++;
	add(&data, (__u64)seed);
	add(&rodata, 1);
	add(&bss, hot);
	add(&data_hot, text[ctx->rx_queue_index & 3] == 'c');
	return ctx->data_end - ctx->data > limit ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
