/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells the host's log about packets. */
#include <xslot/message.bpf.h>
#include <xslot/parse.bpf.h>
#include <xslot/slot.bpf.h>

XSLOT_MESSAGES(messages);

/* What a test shows by its type. */
struct last {
	__be32 source;
	__be16 port;
	__u8 mac[6];
	__be64 number;
	struct in6_addr target;
	struct xslot_prefix prefix;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct last);
} last SEC(".maps");

static __always_inline void note(const struct xslot_packet *packet, const struct ethhdr *ethernet)
{
	__u32 zero = 0;
	struct last *value = bpf_map_lookup_elem(&last, &zero);

	if (!value)
		return;
	value->source = packet->source.v4;
	value->port = packet->dport;
	__builtin_memcpy(value->mac, ethernet->h_source, 6);
	value->number = bpf_cpu_to_be64(1);
	value->target.in6_u.u6_addr8[15] = 1;
	value->prefix.family = 4;
	value->prefix.length = 24;
	value->prefix.address[0] = 10;
}

SEC("xdp")
int tell(struct xdp_md *ctx)
{
	const struct ethhdr *ethernet = xslot_at(ctx, 0, sizeof(*ethernet));
	struct xslot_packet packet;
	__u64 port;

	if (xslot_parse(ctx, &packet) != XSLOT_PARSED || !ethernet) {
		xslot_message(&messages, XSLOT_WARNING, "100%% unknown");
		return XSLOT_NEXT;
	}
	port = bpf_ntohs(packet.dport);
	note(&packet, ethernet);
	if (packet.family == 4)
		xslot_message(&messages, XSLOT_INFO, "%4 to port %u, and %d", packet.source.v4, port, -1);
	else
		xslot_message(&messages, XSLOT_DEBUG, "family %x: %u", packet.family + 10, 1ULL << 40);
	if (port == 6)
		xslot_message(&messages, XSLOT_ERROR, "%m from %m: %6 to %6, %x, %u", ethernet->h_dest,
			(const __u8 *)ethernet->h_source, packet.source.v6,
			(const __be32 *)packet.destination.v6, 0xabcULL << 40, port);
	return XSLOT_NEXT;
}

char LICENSE[] SEC("license") = "GPL";
