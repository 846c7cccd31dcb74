// SPDX-License-Identifier: GPL-2.0-only
/* Plugins for a fused chain: each has something in it that fusing must move, keep or refuse. */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_helpers.h>
#include <xslot/slots.h>

/* The test writes the first word: which verdict, how many times, … */
const volatile __u32 value = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

__u64 total, mixed;

static __always_inline __u8 *first_bytes(struct xdp_md *ctx, __u32 size)
{
	__u8 *data = (__u8 *)(long)ctx->data;

	return data + size > (__u8 *)(long)ctx->data_end ? NULL : data;
}

/* Byte 0 of the packet is the verdict, for packets whose byte 1 is `value`. */
SEC("xdp")
int says(struct xdp_md *ctx)
{
	__u8 *data = first_bytes(ctx, 6);

	if (!data || data[1] != (__u8)value)
		return XSLOT_NEXT;
	total++;
	return *(__u32 *)(data + 2);
}

/* The same; reads `value` where only the verifier sees that it does, and would refuse it with a greater one.
 */
SEC("xdp")
int reads(struct xdp_md *ctx)
{
	const volatile __u32 *from;
	__u8 *data = first_bytes(ctx, 6);
	__u32 word;

	asm volatile("%0 = %1" : "=r"(from) : "r"(&value));
	word = *from;
	if (word > 200)
		return *(__u8 *)(long)ctx->data;
	if (!data || data[1] != (__u8)word)
		return XSLOT_NEXT;
	total++;
	return *(__u32 *)(data + 2);
}

/* Per CPU and by hash, through lookups with keys on the stack; bytes and packets. */
SEC("xdp")
int counter(struct xdp_md *ctx)
{
	__u32 key = value & 3, length = ctx->data_end - ctx->data;
	__u64 one = 1, *count;

	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		(*count)++;
	count = bpf_map_lookup_elem(&seen, &length);
	if (count)
		*count += value;
	else
		bpf_map_update_elem(&seen, &length, &one, BPF_ANY);
	return XSLOT_NEXT;
}

static __noinline __u32 mix(__u32 a, __u32 b)
{
	for (int i = 0; i < 5; i++)
		a = (a << 3 | a >> 29) ^ (b + i * value);
	mixed += a;
	return a;
}

/* Global: verified on its own. */
__attribute__((noinline)) int fold(struct xdp_md *ctx, __u32 seed)
{
	__u8 *data = first_bytes(ctx, 16);
	__u32 sum = mix(seed, value);

	for (int i = 0; data && i < 16; i++)
		sum += mix(data[i], sum);
	return sum;
}

/* Subprograms, static and global, that call each other and touch .bss; writes what they say into the packet.
 */
SEC("xdp")
int folds(struct xdp_md *ctx)
{
	__u32 sum = fold(ctx, value) ^ mix(value, 7);
	__u8 *data = first_bytes(ctx, 24);

	if (!data)
		return XDP_DROP;
	data[20] = sum;
	data[21] = sum >> 8;
	total += sum;
	return XSLOT_NEXT;
}

struct turn {
	__u64 sum;
	__u32 weight;
};

static long add_turn(__u32 index, struct turn *turn)
{
	turn->sum += mix(index, turn->weight);
	return index == 40;
}

static long add_entry(void *map, __u32 *key, __u64 *entry, struct turn *turn)
{
	turn->sum += *key + *entry;
	return 0;
}

/* Callbacks: their addresses are in the code. */
SEC("xdp")
int loops(struct xdp_md *ctx)
{
	struct turn turn = { .weight = value };
	__u8 *data;

	bpf_loop(60, add_turn, &turn, 0);
	bpf_for_each_map_elem(&seen, add_entry, &turn, 0);
	total += turn.sum;
	data = first_bytes(ctx, 24);
	if (data)
		data[22] = turn.sum;
	return XSLOT_NEXT;
}

/* A frame as deep as may be, addressed by a variable; the context must survive it. */
SEC("xdp")
int deep(struct xdp_md *ctx)
{
	__u8 *data = first_bytes(ctx, 16);
	volatile __u8 room[440];
	__u32 i;

	if (!data)
		return XSLOT_NEXT;
	for (i = 0; i < sizeof(room); i++)
		room[i] = i * value;
	i = data[5];
	if (i < sizeof(room))
		room[i] = 3;
	total += room[data[6]];
	return XSLOT_NEXT;
}

/* All of the stack: no room for a context. */
SEC("xdp")
int deepest(struct xdp_md *ctx)
{
	volatile __u8 room[505];

	for (__u32 i = 0; i < sizeof(room); i++)
		room[i] = i;
	return room[value & 15] == 200 ? XDP_DROP : XSLOT_NEXT;
}

/* The packet moves: those behind get other pointers from the context. */
SEC("xdp")
int pushes(struct xdp_md *ctx)
{
	__u8 *data;

	if (bpf_xdp_adjust_head(ctx, -(int)(value & 31)))
		return XDP_ABORTED;
	data = first_bytes(ctx, 32);
	if (!data)
		return XDP_DROP;
	for (int i = 0; i < 8; i++)
		data[i] = data[i + 24];
	return XSLOT_NEXT;
}

/* Has no maps. */
SEC("xdp")
int idles(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > 1500 ? XDP_DROP : XSLOT_NEXT;
}

/* An XDP program of another kind: it passes, or drops what is short. */
SEC("xdp")
int passes(struct xdp_md *ctx)
{
	total++;
	return ctx->data_end - ctx->data < value ? XDP_DROP : XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/* What is at place 0 of the array decides, or the packet goes on: behind a call and a constant. */
SEC("xdp")
int jumps(struct xdp_md *ctx)
{
	__u8 *data = first_bytes(ctx, 24);

	if (!data || data[1] == (__u8)value)
		return XDP_TX;
	data[23] = mix(data[5], value);
	bpf_tail_call(ctx, &programs, data[6] & 1);
	total++;
	return XSLOT_NEXT;
}

char _license[] SEC("license") = "GPL";
