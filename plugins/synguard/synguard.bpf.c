// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening segments, by source prefix. Two CPUs that begin a window at the same time count from 0 twice, so a
 * prefix may send a few more than `limit`, and never fewer. What is counted for operators is exact: it has a
 * copy for each CPU.
 *
 * Only a segment that opens a connection costs more than the parser: established connections meet no map.
 */
#include <xslot/message.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

#include "synguard.h"

const volatile __u64 limit = 1000;
const volatile __u64 window = 1000000000;
const volatile __u64 block = 10000000000;
const volatile __u32 prefix4 = 24;
const volatile __u32 prefix6 = 64;

XSLOT_COUNTERS(totals, SYNGUARD_TOTALS, passed, dropped, blocks, allowed, unreadable, untracked);
XSLOT_MESSAGES(messages);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SYNGUARD_PREFIXES);
	__type(key, struct synguard_prefix);
	__type(value, struct synguard_window);
} windows SEC(".maps") XSLOT_STATE XSLOT_COPIED XSLOT_ENTRIES(prefixes);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, SYNGUARD_PREFIXES);
	__type(key, struct synguard_prefix);
	__type(value, struct synguard_count);
} counts SEC(".maps") XSLOT_STATE XSLOT_SUMMED XSLOT_ENTRIES(prefixes);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct synguard_allow4);
	__type(value, __u8);
} allow4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct synguard_allow6);
	__type(value, __u8);
} allow6 SEC(".maps");

static __always_inline void prefix_of(const struct xslot_packet *packet, struct synguard_prefix *prefix)
{
	__be32 *words = (__be32 *)prefix->address;
	int i;

	__builtin_memset(prefix, 0, sizeof(*prefix));
	prefix->family = packet->family;
	if (packet->family == 4) {
		prefix->length = prefix4;
		words[0] = packet->source.v4 & xslot_mask(prefix4, 0);
		return;
	}
	prefix->length = prefix6;
	for (i = 0; i < 4; i++)
		words[i] = packet->source.v6[i] & xslot_mask(prefix6, i * 32);
}

static __always_inline int is_allowed(const struct xslot_packet *packet)
{
	struct synguard_allow4 four = { .length = 32 };
	struct synguard_allow6 six = { .length = 128 };

	if (packet->family == 4) {
		__builtin_memcpy(four.address, &packet->source.v4, sizeof(four.address));
		return bpf_map_lookup_elem(&allow4, &four) != NULL;
	}
	__builtin_memcpy(six.address, packet->source.v6, sizeof(six.address));
	return bpf_map_lookup_elem(&allow6, &six) != NULL;
}

/* The prefix's window, a new one when it is not known. NULL when the kernel has no memory for it. */
static __always_inline struct synguard_window *window_of(const struct synguard_prefix *prefix, __u64 now)
{
	struct synguard_window fresh = { .begin = now }, *found = bpf_map_lookup_elem(&windows, prefix);

	if (found)
		return found;
	/* Another CPU may be first: then it is theirs. */
	bpf_map_update_elem(&windows, prefix, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&windows, prefix);
}

static __always_inline struct synguard_count *count_of(const struct synguard_prefix *prefix)
{
	struct synguard_count fresh = {}, *found = bpf_map_lookup_elem(&counts, prefix);

	if (found)
		return found;
	bpf_map_update_elem(&counts, prefix, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts, prefix);
}

static __always_inline void tell(const struct xslot_packet *packet)
{
	if (packet->family == 4)
		xslot_message(&messages, XSLOT_WARNING,
			"%4: its prefix sends more SYNs than the limit, %u: blocked", packet->source.v4,
			limit);
	else
		xslot_message(&messages, XSLOT_WARNING,
			"%6: its prefix sends more SYNs than the limit, %u: blocked", packet->source.v6,
			limit);
}

/* Is this SYN one too many? */
static __always_inline int is_blocked(
	struct synguard_window *found, const struct xslot_packet *packet, __u64 now)
{
	if (now < found->blocked_until)
		return 1;
	if ((__s64)(now - found->begin) >=
		(__s64)window) { /* a CPU that read the clock later may have begun */
		found->begin = now;
		found->syns = 0;
	}
	__sync_fetch_and_add(&found->syns, 1); /* its old value is not used: Linux 5.10 has none */
	if (found->syns <= limit)
		return 0;
	found->blocked_until = now + block;
	xslot_count(&totals, SYNGUARD_BLOCKS, 1);
	tell(packet);
	return 1;
}

SEC("xdp")
int synguard(struct xdp_md *ctx)
{
	struct synguard_window *found;
	struct synguard_prefix prefix;
	struct synguard_count *count;
	struct xslot_packet packet;
	__u64 now;

	if (xslot_parsed_bad(xslot_parse(ctx, &packet))) {
		xslot_count(&totals, SYNGUARD_UNREADABLE, 1);
		return XSLOT_BECAUSE(XDP_DROP, SYNGUARD_CANNOT_BE_READ);
	}
	if ((packet.tcp_flags & (XSLOT_TCP_SYN | XSLOT_TCP_ACK)) != XSLOT_TCP_SYN)
		return XSLOT_NEXT;
	if (is_allowed(&packet)) {
		xslot_count(&totals, SYNGUARD_ALLOWED, 1);
		return XSLOT_NEXT;
	}
	now = bpf_ktime_get_ns();
	prefix_of(&packet, &prefix);
	found = window_of(&prefix, now);
	count = count_of(&prefix);
	if (!found || !count) {
		xslot_count(&totals, SYNGUARD_UNTRACKED, 1);
		return XSLOT_NEXT;
	}
	count->syns++;
	if (is_blocked(found, &packet, now)) {
		count->dropped++;
		xslot_count(&totals, SYNGUARD_DROPPED, 1);
		return XSLOT_BECAUSE(XDP_DROP, SYNGUARD_IS_BLOCKED);
	}
	xslot_count(&totals, SYNGUARD_PASSED, 1);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
