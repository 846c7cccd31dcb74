// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dispatcher: the one program that is attached to an interface, and stays attached.
 *
 * It calls slots. A slot is a pair of global functions, bank A and bank B, whose stubs below return XSLOT_GAP
 * until the host fills one with an extension program (freplace). A generation says which bank each slot runs,
 * how many slots there are and what happens to a verdict. There are four generations, and `state.active` says
 * which one packets use. The host fills banks and a generation that no packet uses, then stores `active`. A
 * packet reads `active` once, so it sees the old chain or the new one.
 *
 * What a chain costs beyond its plugins is the path from slot to slot, so that is kept to seven x86
 * instructions: the sign of a shifted word says whether a slot runs bank A, the same test notices the end of
 * the chain, and the common verdict, XSLOT_NEXT, is tested first. Everything else is out of line.
 *
 * A fused chain costs even less: its program is called before anything else of the generation is read, counts
 * by itself, and its action is the dispatcher's. So the main program uses no registers that it would have to
 * save, and the walk through the slots is a subprogram.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xslot/state.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define EMPTY                                                                                                \
	{                                                                                                    \
		.not_a = ~0U, .final = XDP_PASS, .on_gap = XDP_ABORTED                                       \
	}

/* A section of its own becomes a mmapable map, of which the host writes single words, never the whole. */
struct xslot_state state SEC(".data.state") = {
	.magic = XSLOT_STATE_MAGIC,
	.layout = XSLOT_STATE_LAYOUT,
	.version = XSLOT_DISPATCHER_VERSION,
	.gen = { [0 ... XSLOT_GENERATIONS - 1] = EMPTY },
};

/*
 * Made by the host, with a value of as many rows as the machine needs. Its address here becomes that of its
 * value when the program is loaded (core/kernel/dispatcher/dispatcher.c): no lookup, and any number of rows,
 * which a section's variable could not have.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct xslot_counters));
} counters SEC(".maps");

const volatile int never = 0;

static __always_inline const struct xslot_generation *generation(__u32 active)
{
	__u32 steps = active & XSLOT_ACTIVE_GENERATION;

	return (void *)state.gen + steps * (sizeof(struct xslot_generation) / XSLOT_ACTIVE_STEP);
}

/* As bpf_get_smp_processor_id(), without a copy that clears what is clear. */
static __u64 (*const processor)(void) = (void *)BPF_FUNC_get_smp_processor_id;

static __always_inline void count(const struct xslot_generation *gen, __u32 result)
{
	struct xslot_counters *row = (void *)&counters;

	__u64 cpu = processor();

	barrier_var(row); /* a map's address is not null, nor is it an object of the compiler's */
	asm volatile("%0 &= %1" : "+r"(cpu) : "i"(XSLOT_LAST_ROW));
	row += cpu;
	row->cell[gen->id & (XSLOT_PARITIES - 1)][0][result]++;
}

/*
 * `weak` and the volatile keep the compiler from folding the call away, `ctx` makes it pass the argument. The
 * helper that changes packet data is never called and the verifier removes it, but it makes the kernel
 * (6.12.y and from 6.13) accept extensions that change packet data or tail-call. The version in it gives each
 * version of the program a tag of its own.
 */
#define STUB(name, empty)                                                                                    \
	__attribute__((noinline, weak)) int name(struct xdp_md *ctx)                                         \
	{                                                                                                    \
		volatile int ret = empty;                                                                    \
                                                                                                             \
		if (never)                                                                                   \
			bpf_xdp_adjust_tail(ctx, XSLOT_DISPATCHER_VERSION);                                  \
		return ret;                                                                                  \
	}
#define SLOT_STUBS(n) STUB(slot_##n##_a, XSLOT_GAP) STUB(slot_##n##_b, XSLOT_GAP)

/* clang-format off */
#define FOR_EACH_SLOT(do) \
	do(0)  do(1)  do(2)  do(3)  do(4)  do(5)  do(6)  do(7)  do(8)  do(9)  do(10) do(11) do(12) do(13) do(14) do(15) \
	do(16) do(17) do(18) do(19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) do(27) do(28) do(29) do(30) do(31)
FOR_EACH_SLOT(SLOT_STUBS)
/* clang-format on */

/* A fused program's stub does for itself what is to be done about a gap, as its program does for all else. */
static __noinline int no_fused_program(void)
{
	const struct xslot_generation *gen = generation(*(volatile __u32 *)&state.active);

	count(gen, XSLOT_RESULT(XSLOT_DECIDED_FINAL, XSLOT_OUTCOME_GAP));
	return gen->on_gap;
}
STUB(fused_a, no_fused_program())
STUB(fused_b, no_fused_program())
#if XSLOT_FUSED_STUBS > 2
STUB(fused_c, no_fused_program())
STUB(fused_d, no_fused_program())
#endif

/* The action of a return value that has a reason, too; any other as it is. */
static __always_inline __u32 without_reason(__u32 ret)
{
	__u32 action = ret & 0xff;

	return ret >> 24 == XSLOT_REASON_MARK && action < XSLOT_ACTIONS ? action : ret;
}

/* A slot's return value other than XSLOT_NEXT: does the packet go on to the next slot? */
static __always_inline int goes_on(const struct xslot_generation *gen, unsigned slot, __u32 ret)
{
	return ret < XSLOT_ACTIONS && (gen->proceed[slot] >> ret & 1);
}

/* A copy that stays where it is written: out of line. The common path leaves a slot's verdict in r0. */
#define COPY(to, from) asm volatile("%0 = %1" : "=r"(to) : "r"(from))

/* Call slot `n`, or leave for `final` when the chain has no such slot, or for `decided` with its verdict. */
#define VISIT(n)                                                                                             \
	if (likely(not_a >= 0))                                                                              \
		verdict = slot_##n##_a(ctx);                                                                 \
	else if (n < slots)                                                                                  \
		verdict = slot_##n##_b(ctx);                                                                 \
	else                                                                                                 \
		goto final;                                                                                  \
	if (unlikely(verdict != XSLOT_NEXT)) {                                                               \
		if (unlikely(verdict >= XSLOT_ACTIONS))                                                      \
			verdict = without_reason(verdict);                                                   \
		if (!goes_on(gen, n, verdict)) {                                                             \
			COPY(ret, verdict);                                                                  \
			slot = n;                                                                            \
			goto decided;                                                                        \
		}                                                                                            \
	}                                                                                                    \
	not_a <<= 1;                                                                                         \
	barrier_var(not_a);

static __noinline int run_slots(struct xdp_md *ctx, __u32 active)
{
	const struct xslot_generation *gen = generation(active);
	__u32 slots = gen->count, slot = XSLOT_DECIDED_FINAL, verdict, result, ret;
	__s32 not_a = gen->not_a; /* negative while slot n is visited: it does not run bank A */

	barrier_var(gen);
	FOR_EACH_SLOT(VISIT)
final:
	ret = gen->final;
decided:
	result = XSLOT_RESULT(slot, ret);
	if (unlikely(ret >= XSLOT_ACTIONS)) {
		result = XSLOT_RESULT(slot, ret == XSLOT_GAP ? XSLOT_OUTCOME_GAP : XSLOT_OUTCOME_BAD);
		ret = ret == XSLOT_GAP ? gen->on_gap : XDP_ABORTED;
	}
	count(gen, result);
	return ret;
}

SEC("xslot") /* "xdp", and what core/kernel/dispatcher/dispatcher.c does to it */
int xslot_dispatch(struct xdp_md *ctx)
{
	__u32 active = *(volatile __u32 *)&state.active;

	/* One comparison each, which a test of the bit would not be. */
	if (likely(active >= XSLOT_ACTIVE_FUSED(XSLOT_FUSED_A)))
		return fused_a(ctx);
	if (active >= XSLOT_ACTIVE_FUSED(XSLOT_FUSED_B))
		return fused_b(ctx);
#if XSLOT_FUSED_STUBS > 2
	if (active >= XSLOT_ACTIVE_FUSED(XSLOT_FUSED_C))
		return fused_c(ctx);
	if (active >= XSLOT_ACTIVE_FUSED(XSLOT_FUSED_D))
		return fused_d(ctx);
#endif
	return run_slots(ctx, active);
}

char _license[] SEC("license") = "GPL";
