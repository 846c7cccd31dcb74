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
 * layout when anything in this file is laid out differently.
 */
#define XSLOT_STATE_MAGIC 0x0000746f6c7378ULL
#define XSLOT_STATE_LAYOUT 2
#ifndef XSLOT_DISPATCHER_VERSION
#define XSLOT_DISPATCHER_VERSION 2
#endif

/* The fused program that a generation runs in place of its slots. */
#define XSLOT_FUSED_NONE 0
#define XSLOT_FUSED_A 1
#define XSLOT_FUSED_B 2

/*
 * One configuration of a chain as packets see it. The host writes the idle one of two, then stores `active`.
 * proceed[i] has bit (1 << action) set for each XDP action of slot i after which the next slot runs;
 * XSLOT_NEXT always continues.
 */
struct xslot_generation {
	__u32 id;    /* rises by one with each transaction; its lowest bit is the counters' parity */
	__u32 count; /* slots that packets visit; 0 under bypass */
	__u32 configured_count; /* slots that are filled */
	__u32 banks;		/* bit i: slot i runs bank B */
	__u32 fused;		/* XSLOT_FUSED_* */
	__u32 final;		/* XDP action when every slot said next */
	__u32 on_gap;		/* XDP action when a packet met a stub */
	__u32 not_a; /* bit (31 - i): slot i runs bank B or is not visited; dispatcher_prepare() fills it in
		      */
	__u32 proceed[XSLOT_MAX_SLOTS];
};

/*
 * `active`: the number of a generation, and one more bit if packets run its fused program and not its slots.
 * That program contains what it needs of its generation as constants, including the counters' parity, and
 * returns the action, so the two must belong together.
 */
#define XSLOT_ACTIVE_GENERATION 1U
#define XSLOT_ACTIVE_FUSED_B 2U
#define XSLOT_ACTIVE_FUSED_A 4U

struct xslot_state {
	__u64 magic;
	__u32 layout;
	__u32 version; /* the program's; up to here the same in every layout */
	__u32 active;  /* XSLOT_ACTIVE_*: what packets use; stored with release, read once a packet */
	__u32 reserved;
	struct xslot_generation gen[2];
};

/*
 * Counters: one row for each possible CPU, rounded up to a power of two; each row is whole cache lines. All
 * rows are the one value of a mmapable array, which programs reach by its address. A packet increments
 * exactly one cell: the parity of its generation's id, the slot that decided (XSLOT_DECIDED_FINAL if every
 * slot said next), and how.
 */
#define XSLOT_DECIDED_FINAL XSLOT_MAX_SLOTS
#define XSLOT_DECIDERS (XSLOT_MAX_SLOTS + 1)
#define XSLOT_OUTCOME_BAD 5 /* an invalid return value: became XDP_ABORTED */
#define XSLOT_OUTCOME_GAP 6 /* a packet met a stub: became on_gap */
#define XSLOT_OUTCOMES 8    /* 0 to 4: the XDP action; 7: unused */

/* Decider and outcome in one number: a cell's index. */
#define XSLOT_RESULT(decider, outcome) ((decider)*XSLOT_OUTCOMES + (outcome))

struct xslot_counters {
	__u64 cell[2][XSLOT_DECIDERS][XSLOT_OUTCOMES];
};

_Static_assert(sizeof(struct xslot_generation) == 160, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_generation, fused) == 16, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_generation, not_a) == 28, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_generation, proceed) == 32, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_state, version) == 12, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_state, active) == 16, "layout 2");
_Static_assert(__builtin_offsetof(struct xslot_state, gen) == 24, "layout 2");
_Static_assert(sizeof(struct xslot_state) == 344, "layout 2");
_Static_assert(sizeof(struct xslot_counters) == 4224 && 4224 % 64 == 0, "whole cache lines");

#endif
