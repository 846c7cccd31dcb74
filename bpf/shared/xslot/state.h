/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The memory that the dispatcher and the host share. Both sides compile this file and the assertions at its
 * end, so that a compiler that lays it out differently breaks the build. Plugins do not see it: what they
 * include is in bpf/include.
 */
#ifndef XSLOT_STATE_H
#define XSLOT_STATE_H

#include <linux/types.h>
#include <xslot/slots.h>

/*
 * First in the shared memory, so that any version can identify it: "xslot", the number of the layout of all
 * that follows, and the version of the program. A host that can read the layout replaces a program of any
 * other version by its own, in place. Raise the version when bpf/dispatcher.bpf.c does something else, the
 * layout when anything in this file is laid out differently: then core/kernel/dispatcher/layout.c learns the
 * new one, and bpf/meson.build compiles the program of the one before with its numbers.
 */
#define XSLOT_STATE_MAGIC 0x0000746f6c7378ULL
#ifndef XSLOT_STATE_LAYOUT
#define XSLOT_STATE_LAYOUT 3
#endif
#ifndef XSLOT_DISPATCHER_VERSION
#define XSLOT_DISPATCHER_VERSION 3
#endif
#define XSLOT_LAYOUT_BEFORE 2 /* its dispatchers are adopted, and made on demand: xslotd --state-layout */
#define XSLOT_VERSION_BEFORE 2

/*
 * `active` is the number of a generation, in steps, and one bit more if packets run its fused program and not
 * its slots. That program contains what it needs of its generation as constants, including the counters'
 * parity, and returns the action, so the two must belong together. The first of the fused programs has the
 * highest bit, so that comparisons find it.
 */
#if XSLOT_STATE_LAYOUT == XSLOT_LAYOUT_BEFORE
#define XSLOT_GENERATIONS 2
#define XSLOT_FUSED_STUBS 2
#define XSLOT_ACTIVE_STEP 1U
#else
#define XSLOT_GENERATIONS 4
#define XSLOT_FUSED_STUBS 4
#define XSLOT_ACTIVE_STEP                                                                                    \
	256U /* a generation's size: the masked word is its place, without a multiplication */
#endif
#define XSLOT_ACTIVE_GENERATION ((XSLOT_GENERATIONS - 1) * XSLOT_ACTIVE_STEP)
#define XSLOT_ACTIVE_FUSED(stub) ((XSLOT_GENERATIONS * XSLOT_ACTIVE_STEP) << (XSLOT_FUSED_STUBS - (stub)))

/* The fused program that a generation runs in place of its slots: the number of its stub. */
#define XSLOT_FUSED_NONE 0
#define XSLOT_FUSED_A 1
#define XSLOT_FUSED_B 2
#define XSLOT_FUSED_C 3
#define XSLOT_FUSED_D 4

/*
 * One configuration of a chain as packets see it. The host writes one that no packet uses, then stores
 * `active`. proceed[i] has bit (1 << action) set for each XDP action of slot i after which the next slot
 * runs; XSLOT_NEXT always continues.
 */
struct xslot_generation {
	__u32 id;    /* rises with each transaction; its lowest bits are its place and the counters' parity */
	__u32 count; /* slots that packets visit; 0 under bypass */
	__u32 configured_count; /* slots that are filled */
	__u32 banks;		/* bit i: slot i runs bank B */
	__u32 fused;		/* XSLOT_FUSED_* */
	__u32 final;		/* XDP action when every slot said next */
	__u32 on_gap;		/* XDP action when a packet met a stub */
	__u32 not_a; /* bit (31 - i): slot i runs bank B or is not visited; dispatcher_prepare() fills it in
		      */
	__u32 proceed[XSLOT_MAX_SLOTS];
#if XSLOT_STATE_LAYOUT > XSLOT_LAYOUT_BEFORE
	__u32 reserved[24]; /* 0 */
#endif
};

struct xslot_state {
	__u64 magic;
	__u32 layout;
	__u32 version; /* the program's; up to here the same in every layout */
	__u32 active;  /* XSLOT_ACTIVE_*: what packets use; stored with release, read once a packet */
	__u32 reserved;
	struct xslot_generation gen[XSLOT_GENERATIONS]; /* by the lowest bits of their ids */
};

/*
 * Counters: one row for each possible CPU, rounded up to a power of two; each row is whole cache lines. All
 * rows are the one value of a mmapable array, which programs reach by its address. A packet increments
 * exactly one cell: the parity of its generation, which is as many of its id's lowest bits as tell the
 * generations apart, the slot that decided (XSLOT_DECIDED_FINAL if every slot said next), and how.
 */
#define XSLOT_PARITIES XSLOT_GENERATIONS
#define XSLOT_DECIDED_FINAL XSLOT_MAX_SLOTS
#define XSLOT_DECIDERS (XSLOT_MAX_SLOTS + 1)
#define XSLOT_OUTCOME_BAD 5 /* an invalid return value: became XDP_ABORTED */
#define XSLOT_OUTCOME_GAP 6 /* a packet met a stub: became on_gap */
#define XSLOT_OUTCOMES 8    /* 0 to 4: the XDP action; 7: unused */

/* Decider and outcome in one number: a cell's index. */
#define XSLOT_RESULT(decider, outcome) ((decider)*XSLOT_OUTCOMES + (outcome))

struct xslot_counters {
	__u64 cell[XSLOT_PARITIES][XSLOT_DECIDERS][XSLOT_OUTCOMES];
};

/*
 * In the program: the number of rows less one, an operand that the host writes into the instructions before
 * the load. A constant in memory would cost two instructions a packet.
 */
#define XSLOT_LAST_ROW 0x5c0de5

_Static_assert(__builtin_offsetof(struct xslot_generation, fused) == 16, "both layouts");
_Static_assert(__builtin_offsetof(struct xslot_generation, not_a) == 28, "both layouts");
_Static_assert(__builtin_offsetof(struct xslot_generation, proceed) == 32, "both layouts");
_Static_assert(__builtin_offsetof(struct xslot_state, version) == 12, "both layouts");
_Static_assert(__builtin_offsetof(struct xslot_state, active) == 16, "both layouts");
_Static_assert(__builtin_offsetof(struct xslot_state, gen) == 24, "both layouts");
_Static_assert(sizeof(struct xslot_counters) % 64 == 0, "whole cache lines");
#if XSLOT_STATE_LAYOUT == XSLOT_LAYOUT_BEFORE
_Static_assert(sizeof(struct xslot_generation) == 160, "layout 2");
_Static_assert(sizeof(struct xslot_state) == 344, "layout 2");
_Static_assert(sizeof(struct xslot_counters) == 4224, "layout 2");
#else
_Static_assert(sizeof(struct xslot_generation) == XSLOT_ACTIVE_STEP, "layout 3");
_Static_assert(sizeof(struct xslot_state) == 1048, "layout 3");
_Static_assert(sizeof(struct xslot_counters) == 8448, "layout 3");
#endif

#endif
