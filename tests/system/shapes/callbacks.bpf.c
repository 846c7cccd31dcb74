/* SPDX-License-Identifier: GPL-2.0-only */
/* Global and static functions, a loop by callback over a map, a lock and a timer. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline void hit(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

struct guarded {
	struct bpf_spin_lock lock;
	__u32 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct guarded);
} table SEC(".maps");

struct clock {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock);
} clocks SEC(".maps");

static int tick(void *map, __u32 *key, struct clock *clock)
{
	hit();
	return 0;
}

static long visit(void *map, const __u32 *key, struct guarded *value, __u32 *sum)
{
	*sum += value->n;
	return 0;
}

__attribute__((noinline)) int weigh(__u32 sum)
{
	return sum > 3 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int callbacks(struct xdp_md *ctx)
{
	struct guarded fresh = {}, *value;
	__u32 key = ctx->ingress_ifindex, zero = 0, sum = 0;
	struct clock *clock = bpf_map_lookup_elem(&clocks, &zero);

	bpf_map_update_elem(&table, &key, &fresh, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&table, &key);
	if (!value || !clock)
		return XDP_ABORTED;
	bpf_spin_lock(&value->lock);
	value->n++;
	bpf_spin_unlock(&value->lock);
	if (bpf_timer_init(&clock->timer, &clocks, 1 /* monotonic */) == 0) {
		bpf_timer_set_callback(&clock->timer, tick);
		bpf_timer_start(&clock->timer, 1000, 0);
	}
	bpf_for_each_map_elem(&table, visit, &sum, 0);
	return weigh(sum);
}

char LICENSE[] SEC("license") = "GPL";
