/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State maps in two builds: CHANGED changes one thing about each map whose name says so, and spells the
 * others anew without changing what their bytes mean. MIXED and INITIALISED mark variables where that is an
 * error.
 */
#include <stdbool.h>
#include <xslot/slot.bpf.h>

#ifdef CHANGED
#define EITHER(before, after) after
typedef __u64 counter;
struct count_v2 {
	counter packets;
	const __u32 flags[2];
};
#define count count_v2
#else
#define EITHER(before, after) before
struct count {
	__u64 packets;
	__u32 flags[2];
};
#endif

struct renamed {
	__u64 EITHER(packets, octets);
};
struct reordered {
	__u32 EITHER(first, second);
	__u32 EITHER(second, first);
};
struct nested {
	struct {
		__u32 low : EITHER(4, 5);
	} inner[2];
};
struct moved {
	__u8 a;
	__u16 b EITHER(, __attribute__((packed)));
	__u32 c;
};
struct reshaped {
	__u32 cells[EITHER(2, 3)][EITHER(3, 2)];
};
struct grown {
	__u64 packets EITHER(, [2]);
};
struct timed {
	__u64 packets;
	struct bpf_timer timer;
};
struct lpm_key {
	__u32 length;
	EITHER(__u8, unsigned char) address[4];
};
struct locked {
	struct bpf_spin_lock lock;
	__u64 packets;
};

#define MAP(name, map_type, entries, key_type, value_type, ...)                                              \
	struct {                                                                                             \
		__uint(type, map_type);                                                                      \
		__uint(max_entries, entries);                                                                \
		__type(key, key_type);                                                                       \
		__type(value, value_type);                                                                   \
		__VA_ARGS__                                                                                  \
	} name SEC(".maps")

#define HASH BPF_MAP_TYPE_HASH
#define ARRAY BPF_MAP_TYPE_ARRAY

MAP(same, HASH, 8, __u32, struct count) XSLOT_STATE;
MAP(same_percpu, BPF_MAP_TYPE_PERCPU_ARRAY, 2, __u32, EITHER(__u64, counter)) XSLOT_STATE;
MAP(same_lpm, BPF_MAP_TYPE_LPM_TRIE, 8, struct lpm_key, __u64, __uint(map_flags, BPF_F_NO_PREALLOC);)
XSLOT_STATE;
MAP(same_locked, HASH, 8, __u32, struct locked) XSLOT_STATE;
MAP(differs_type, EITHER(HASH, BPF_MAP_TYPE_LRU_HASH), 8, __u32, __u64) XSLOT_STATE;
MAP(differs_entries, HASH, EITHER(8, 9), __u32, __u64) XSLOT_STATE;
MAP(differs_flags, HASH, 8, __u32, __u64, __uint(map_flags, EITHER(0, BPF_F_NO_PREALLOC));) XSLOT_STATE;
MAP(differs_key, HASH, 8, EITHER(__u32, __s32), __u64) XSLOT_STATE;
MAP(differs_size, HASH, 8, __u32, struct grown) XSLOT_STATE;
MAP(differs_name, HASH, 8, __u32, struct renamed) XSLOT_STATE;
MAP(differs_order, HASH, 8, __u32, struct reordered) XSLOT_STATE;
MAP(differs_bits, HASH, 8, __u32, struct nested) XSLOT_STATE;
MAP(differs_place, HASH, 8, __u32, struct moved) XSLOT_STATE;
MAP(differs_shape, HASH, 8, __u32, struct reshaped) XSLOT_STATE;
MAP(differs_bool, HASH, 8, __u32, EITHER(__u8, bool)) XSLOT_STATE;
MAP(never_timer, HASH, 8, __u32, struct timed) XSLOT_STATE;
MAP(config, HASH, 8, __u32, __u64);
MAP(pinned, ARRAY, 1, __u32, __u64, __uint(pinning, LIBBPF_PIN_BY_NAME););
MAP(EITHER(before_only, after_only), ARRAY, 1, __u32, __u64) XSLOT_STATE;

#define OPAQUE(name, key_bytes, value_bytes)                                                                 \
	struct {                                                                                             \
		__uint(type, HASH);                                                                          \
		__uint(max_entries, 8);                                                                      \
		__uint(key_size, key_bytes);                                                                 \
		__uint(value_size, value_bytes);                                                             \
	} name SEC(".maps") XSLOT_STATE

OPAQUE(same_opaque, 4, 8);
OPAQUE(differs_opaque_key, EITHER(4, 8), 8);
OPAQUE(differs_opaque_value, 4, EITHER(8, 16));

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} never_programs SEC(".maps") XSLOT_STATE;

__u64 packets XSLOT_STATE;
__u32 bytes EITHER(XSLOT_STATE, [2] XSLOT_STATE);
#ifdef MIXED
__u32 not_marked;
#endif
#ifdef INITIALISED
__u32 begins_at_one XSLOT_STATE = 1;
#endif

SEC("xdp")
int carry(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct count one = { .packets = 1 }, *count = bpf_map_lookup_elem(&same, &key);
	__u64 *n = bpf_map_lookup_elem(&same_percpu, &key);

	if (count)
		__sync_fetch_and_add((__u64 *)&count->packets, 1);
	else
		bpf_map_update_elem(&same, &key, &one, BPF_ANY);
	if (n)
		(*n)++;
	__sync_fetch_and_add(&packets, 1);
#ifdef MIXED
	not_marked++;
#endif
#ifdef INITIALISED
	begins_at_one++;
#endif
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
