/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decide by source prefix, protocol and destination port. One look-up in a longest-prefix trie finds the list
 * of all rules that apply to a source, best first; the first that matches decides.
 *
 * What acl cannot see must not help a packet past a rule. A frame whose headers end early, contradict each
 * other or are too many is dropped, whatever the rules say. A later fragment has no ports: a rule with ports
 * that denies matches it whatever port the first fragment had, and one that allows never matches it. A later
 * fragment of IPv6 has no protocol either, and the same holds for rules with a protocol. So a later fragment
 * passes only if every packet that it could belong to passes, and no packet that acl would drop whole can be
 * put together from fragments behind it.
 */
#include <xslot/slot.bpf.h>

#include <xslot/parse.bpf.h>

#include "acl.h"

const volatile __u32 policy = ACL_DENY;

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ACL_MAX_PREFIXES);
	__type(key, struct acl_prefix4);
	__type(value, __u32);
} prefixes4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ACL_MAX_PREFIXES);
	__type(key, struct acl_prefix6);
	__type(value, __u32);
} prefixes6 SEC(".maps");

/*
 * All entries are one value, so that going from one to the next is an addition and not a look-up. Entry 0 is
 * never used: its index ends a list. Mapped into the host's memory to be filled.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct acl_entries);
} entries SEC(".maps");

/* By the rule's text, not its place in the file: so an edit elsewhere, or a new order, keeps the number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ACL_MAX_HITS);
	__type(key, __u64);
	__type(value, __u64);
} hits SEC(".maps") XSLOT_STATE;

XSLOT_COUNTERS(totals, ACL_TOTALS);

static __always_inline int decide(__u32 total, int verdict)
{
	xslot_count(&totals, total, 1);
	return verdict;
}

/* A counter is made with a rule's first hit: rules that are never hit cost no memory. */
static __always_inline int decide_by(const struct acl_entry *entry)
{
	int verdict = entry->word & ACL_DENIES ? XDP_DROP : XSLOT_NEXT;
	__u64 key = entry->key, zero = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &key);

	if (!count) {
		bpf_map_update_elem(&hits, &key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&hits, &key);
	}
	if (!count)
		return decide(ACL_TOTAL_UNCOUNTED, verdict);
	++*count;
	return verdict;
}

static __always_inline __u32 *first_entry(const struct xslot_packet *packet)
{
	struct acl_prefix4 key4 = { .length = 32 };
	struct acl_prefix6 key6 = { .length = 128 };

	if (packet->family == 4) {
		__builtin_memcpy(key4.address, &packet->source.v4, 4);
		return bpf_map_lookup_elem(&prefixes4, &key4);
	}
	__builtin_memcpy(key6.address, packet->source.v6, 16);
	return bpf_map_lookup_elem(&prefixes6, &key6);
}

/* What a rule's entry has to be to match the packet, if it names a protocol. */
struct wanted {
	__u32 word; /* of the bits in word_mask */
	__u32 word_mask;
	__u32 port;
	__u32 port_mask; /* 0: no port is known, and any will do */
};

static __always_inline int entry_matches(const struct acl_entry *entry, const struct wanted *wanted)
{
	if (entry->word & ACL_ALWAYS)
		return 1;
	if ((entry->word ^ wanted->word) & wanted->word_mask)
		return 0;
	return ((wanted->port - entry->port_low) & wanted->port_mask) <= entry->port_span;
}

/*
 * The same number, of which the verifier knows nothing any more. It came here in many ways, with a protocol
 * or without ports or from a fragment, and would walk through 64 entries once for each: 50,000 instructions.
 */
static __always_inline __u32 forget(__u32 number, __u32 unknown)
{
	asm volatile("%0 ^= %1; %0 ^= %1" : "+r"(number) : "r"(unknown));
	return number;
}

static __always_inline void want(const struct xslot_packet *packet, __u32 unknown, struct wanted *wanted)
{
	wanted->word = ACL_PROTOCOL(packet->protocol);
	wanted->word_mask = ACL_PROTOCOL(255);
	wanted->port_mask = 0xffff;
	if (XSLOT_RARELY(packet->flags & XSLOT_PACKET_LATER_FRAGMENT)) {
		wanted->port_mask = 0;
		wanted->word_mask |= ACL_NO_LATER_FRAGMENT;
		if (packet->flags & XSLOT_PACKET_PROTOCOL_HIDDEN)
			wanted->word = wanted->word_mask = ACL_DENIES;
	}
	wanted->word = forget(wanted->word, unknown);
	/* Of a protocol without ports no rule asks for one. */
	wanted->port = forget(bpf_ntohs(packet->dport), unknown);
}

SEC("xdp")
int acl(struct xdp_md *ctx)
{
	struct xslot_packet packet;
	struct acl_entries *all;
	struct wanted wanted;
	__u32 zero = 0;
	__u32 *first, index, unknown = ctx->ingress_ifindex;
	__u64 i; /* in 64 bits, which the verifier follows through the stack on every kernel */

	switch (xslot_parse(ctx, &packet)) {
	case XSLOT_PARSED:
		break;
	case XSLOT_PARSED_NOT_IP:
		return decide(ACL_TOTAL_NOT_IP, XSLOT_NEXT);
	default:
		return decide(ACL_TOTAL_UNKNOWN, XDP_DROP);
	}
	want(&packet, unknown, &wanted);
	first = first_entry(&packet);
	index = first ? *first : 0;
	all = bpf_map_lookup_elem(&entries, &zero);
	if (!all)
		return XDP_ABORTED;
	for (i = 0; i < ACL_MAX_EFFECTIVE && index; i++) {
		const struct acl_entry *entry = &all->entries[index % ACL_MAX_ENTRIES];

		if (entry_matches(entry, &wanted))
			return decide_by(entry);
		index = entry->word & ACL_NEXT;
	}
	if (index)
		return XDP_ABORTED;
	return decide(ACL_TOTAL_POLICY, policy == ACL_ALLOW ? XSLOT_NEXT : XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
