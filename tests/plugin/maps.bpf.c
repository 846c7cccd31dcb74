/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps whose sizes, versions and marks the tests choose: VERSION is that of one of them. */
#include <xslot/slot.bpf.h>

#ifndef VERSION
#define VERSION 1
#endif

struct count {
	__u64 packets;
	__u64 bytes[1];
};
struct prefix {
	__u32 length;
	__u32 key;
};
struct locked {
	struct bpf_spin_lock lock;
	__u32 seen;
};

#define MAP(name, kind, key_type, value_type, ...)                                                           \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_##kind);                                                           \
		__uint(max_entries, 8);                                                                      \
		__type(key, key_type);                                                                       \
		__type(value, value_type);                                                                   \
		__VA_ARGS__                                                                                  \
	} name SEC(".maps") XSLOT_STATE XSLOT_ENTRIES(entries)
#define NO_PREALLOC __uint(map_flags, BPF_F_NO_PREALLOC);

MAP(sum_array, ARRAY, __u32, struct count) XSLOT_SUMMED;
MAP(sum_hash, HASH, __u32, struct count) XSLOT_SUMMED;
MAP(sum_lru, LRU_HASH, __u32, struct count) XSLOT_SUMMED;
MAP(sum_trie, LPM_TRIE, struct prefix, struct count, NO_PREALLOC) XSLOT_SUMMED;
MAP(sum_cpu_array, PERCPU_ARRAY, __u32, struct count) XSLOT_SUMMED;
MAP(sum_cpu_hash, PERCPU_HASH, __u32, struct count) XSLOT_SUMMED;
MAP(sum_cpu_lru, LRU_PERCPU_HASH, __u32, struct count) XSLOT_SUMMED;
MAP(seen_array, ARRAY, __u32, __u32) XSLOT_COPIED;
MAP(seen_hash, HASH, __u32, __u32) XSLOT_COPIED;
MAP(seen_locked, HASH, __u32, struct locked) XSLOT_COPIED;
MAP(seen_cpu_hash, PERCPU_HASH, __u32, __u32) XSLOT_COPIED;
MAP(seen_trie, LPM_TRIE, struct prefix, __u32, NO_PREALLOC) XSLOT_COPIED;
MAP(fresh, HASH, __u32, __u64);

#define SIZED(name, ...)                                                                                     \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                            \
		__type(key, __u32);                                                                          \
		__type(value, __u64);                                                                        \
	} name SEC(".maps") __VA_ARGS__

SIZED(lines, XSLOT_ENTRIES(list));
SIZED(records, XSLOT_ENTRIES_PER(list, 16));
SIZED(called);
SIZED(defaulted, XSLOT_ENTRIES(absent));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} versioned SEC(".maps") XSLOT_STATE XSLOT_STATE_VERSION(VERSION), same SEC(".maps") XSLOT_STATE;

#ifdef BAD_MARK
SIZED(bad, __attribute__((btf_decl_tag(BAD_MARK))));
#endif

static __always_inline void count(void *map, void *key)
{
	struct count *count = bpf_map_lookup_elem(map, key), none = {};

	if (!count) {
		bpf_map_update_elem(map, key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(map, key);
	}
	if (!count)
		return;
	__sync_fetch_and_add(&count->packets, 1);
	__sync_fetch_and_add(&count->bytes[0], 64);
}

/* As programs do it where no other CPU writes. */
static __always_inline void count_here(void *map, __u32 *key)
{
	struct count *count = bpf_map_lookup_elem(map, key), none = {};

	if (!count) {
		bpf_map_update_elem(map, key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(map, key);
	}
	if (!count)
		return;
	count->packets++;
	count->bytes[0] += 64;
}

/* The first four bytes of a packet are the key in all maps. */
SEC("xdp")
int maps(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct prefix prefix = { .length = 32 };
	struct locked locked = {};
	__u32 key;

	if (data + 4 > end)
		return XDP_ABORTED;
	locked.seen = prefix.key = key = *(__u32 *)data;
	count(&sum_array, &key);
	count(&sum_hash, &key);
	count(&sum_lru, &key);
	count(&sum_trie, &prefix);
	count_here(&sum_cpu_array, &key);
	count_here(&sum_cpu_hash, &key);
	count_here(&sum_cpu_lru, &key);
	bpf_map_update_elem(&seen_array, &key, &key, BPF_ANY);
	bpf_map_update_elem(&seen_hash, &key, &key, BPF_ANY);
	bpf_map_update_elem(&seen_locked, &key, &locked, BPF_ANY);
	bpf_map_update_elem(&seen_cpu_hash, &key, &key, BPF_ANY);
	bpf_map_update_elem(&seen_trie, &prefix, &key, BPF_ANY);
	bpf_map_update_elem(&fresh, &key, &prefix, BPF_ANY);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
