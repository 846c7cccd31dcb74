/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A token bucket for each source prefix. Credit is counted in billionths of a unit: a nanosecond then adds
 * exactly `rate`, nothing is rounded, and no time is lost between packets, however close they are.
 *
 * Packets of one source arrive on several CPUs. Linux 5.10 has neither compare-and-swap in BPF nor spin locks
 * in LRU maps, so the locks are in an array of their own, selected by a hash of the key. They are state like
 * the buckets: during a reload the old and the new instance run at the same time.
 */
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "ratelimit.h"

#define NANO 1000000000ULL
#define LOCKS_LOG2 10

const volatile __u64 rate = 1;
const volatile __u64 burst = 0; /* 0: as much as `rate` */
const volatile __u32 unit = RATELIMIT_PACKETS;
const volatile __u32 prefix4 = 32;
const volatile __u32 prefix6 = 64;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RATELIMIT_SOURCES);
	__type(key, struct ratelimit_source);
	__type(value, struct ratelimit_bucket);
} buckets SEC(".maps") XSLOT_STATE XSLOT_COPIED XSLOT_ENTRIES(sources);

/* A cache line each. */
struct lock {
	struct bpf_spin_lock lock;
	__u32 padding[15];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << LOCKS_LOG2);
	__type(key, __u32);
	__type(value, struct lock);
} locks SEC(".maps") XSLOT_STATE;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ratelimit_totals);
} totals SEC(".maps") XSLOT_STATE;

static __always_inline void source_of(const struct xslot_packet *packet, struct ratelimit_source *source)
{
	__be32 *words = (__be32 *)source->address;
	int i;

	__builtin_memset(source, 0, sizeof(*source));
	source->family = packet->family;
	source->unit = unit;
	if (packet->family == 4) {
		source->length = prefix4;
		words[0] = packet->source.v4 & xslot_mask(prefix4, 0);
	} else if (packet->family == 6) {
		source->length = prefix6;
		for (i = 0; i < 4; i++)
			words[i] = packet->source.v6[i] & xslot_mask(prefix6, i * 32);
	}
}

static __always_inline struct lock *lock_of(const struct ratelimit_source *source)
{
	const __u32 *words = (const __u32 *)source->address;
	__u32 hash = 0;
	int i;

	for (i = 0; i < 4; i++)
		hash = (hash ^ words[i]) * 0x9e3779b1U;
	hash >>= 32 - LOCKS_LOG2;
	return bpf_map_lookup_elem(&locks, &hash);
}

/* The source's bucket, a full one when it is new. NULL when the kernel has no memory for it. */
static __always_inline struct ratelimit_bucket *bucket_of(
	const struct ratelimit_source *source, __u64 full, __u64 now)
{
	struct ratelimit_bucket *bucket = bpf_map_lookup_elem(&buckets, source);
	struct ratelimit_bucket fresh = { .credit = full, .at = now };

	if (bucket)
		return bucket;
	/* Another CPU may be first: then it is theirs. */
	bpf_map_update_elem(&buckets, source, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&buckets, source);
}

/* Take `cost` out of the bucket; 0 when there is less in it. The caller holds its lock. */
static __always_inline int take(struct ratelimit_bucket *bucket, __u64 full, __u64 now, __u64 cost)
{
	__u64 credit = bucket->credit;

	/* Another CPU, which read the clock later, may have been here. */
	if (now > bucket->at) {
		credit = ratelimit_refill(credit, full, rate, now - bucket->at);
		bucket->at = now;
	} else if (credit > full) {
		credit = full;
	}
	bucket->credit = credit;
	if (credit < cost)
		return 0;
	bucket->credit = credit - cost;
	return 1;
}

SEC("xdp")
int ratelimit(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cost = NANO, full = (burst ?: rate) * NANO;
	struct ratelimit_bucket *bucket;
	struct ratelimit_source source;
	struct ratelimit_totals *total;
	struct xslot_packet packet;
	__u32 zero = 0;
	struct lock *lock;
	int allowed;

	if (xslot_parse_addresses(ctx, &packet) == XSLOT_PARSED_NOT_IP)
		return XSLOT_NEXT;
	if (unit == RATELIMIT_BYTES)
		cost = xslot_length(ctx) * NANO;
	source_of(&packet, &source);
	total = bpf_map_lookup_elem(&totals, &zero);
	lock = lock_of(&source);
	bucket = bucket_of(&source, full, now);
	if (!total || !lock)
		return XSLOT_NEXT;
	if (!bucket) {
		total->untracked++;
		return XSLOT_NEXT;
	}
	bpf_spin_lock(&lock->lock);
	allowed = take(bucket, full, now, cost);
	bpf_spin_unlock(&lock->lock);
	if (!allowed) {
		total->dropped++;
		return XDP_DROP;
	}
	total->passed++;
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
