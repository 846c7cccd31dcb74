/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One loaded dispatcher program: its stubs, its generations, its counters. See bpf/dispatcher.bpf.c. */
#ifndef KERNEL_DISPATCHER_DISPATCHER_H
#define KERNEL_DISPATCHER_DISPATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>
#include <xslot/state.h>

enum bank { BANK_A, BANK_B };

struct btf;
struct counters;
struct dispatcher;
struct layout;

#define DISPATCHER_FUNCTION_MAX 16

/*
 * Load a dispatcher, with layout_made(). Its running generation has id 0, count 0, final XDP_PASS and on_gap
 * XDP_ABORTED. `frags`: load with BPF_F_XDP_HAS_FRAGS.
 */
int dispatcher_load(bool frags, struct dispatcher **ret_dispatcher, struct xslot_diag *diag);
void dispatcher_free(struct dispatcher *dispatcher); /* accepts NULL */

/*
 * Pin program, types, state and counters into `folder`, as "dispatcher", "types", "state" and "counters",
 * once; and open what is pinned there, of whatever version. -EINVAL: it is no dispatcher of ours; -EPROTO: it
 * is, with a layout that this version cannot read.
 */
int dispatcher_pin(struct dispatcher *dispatcher, const char *folder, struct xslot_diag *diag);
int dispatcher_open_pinned(const char *folder, struct dispatcher **ret_dispatcher, struct xslot_diag *diag);

int dispatcher_fd(const struct dispatcher *dispatcher);

/* The program itself; without functions, without its types, when an earlier version pinned it. */
struct program;
const struct program *dispatcher_program(const struct dispatcher *dispatcher);

/* The types that it was loaded with, to fill its stubs by; the dispatcher's. */
const struct btf *dispatcher_types(const struct dispatcher *dispatcher);

const struct counters *dispatcher_counters(const struct dispatcher *dispatcher);
uint32_t dispatcher_program_id(const struct dispatcher *dispatcher);
/* What it was made with, by whichever version: how many generations, parities and fused stubs it has. */
const struct layout *dispatcher_layout(const struct dispatcher *dispatcher);
/* Of its counters: that of generations with this id. */
unsigned dispatcher_parity(const struct dispatcher *dispatcher, uint32_t id);

/*
 * XSLOT_DISPATCHER_VERSION of its program; 0 when its types are not known, as an earlier xslotd did not pin
 * them: no stub of it can be filled, and it has to be replaced by a dispatcher of this version.
 */
uint32_t dispatcher_version(const struct dispatcher *dispatcher);

/* The name of a slot's stub function: "slot_7_b". */
void dispatcher_stub(unsigned slot, enum bank bank, char ret_function[static DISPATCHER_FUNCTION_MAX]);
/* The name of a fused program's stub function: "fused_a" for XSLOT_FUSED_A. */
void dispatcher_fused_stub(uint32_t stub, char ret_function[static DISPATCHER_FUNCTION_MAX]);

/* What packets use now. */
const struct xslot_generation *dispatcher_running(const struct dispatcher *dispatcher);

/* The one with this parity: it runs, or ran, or may run next; all zeros but final and on_gap: it never did.
 */
const struct xslot_generation *dispatcher_generation(const struct dispatcher *dispatcher, unsigned parity);

/* What packets used before the last swap, or what was prepared since. */
const struct xslot_generation *dispatcher_idle(const struct dispatcher *dispatcher);

/*
 * Write a generation; packets do not see it. Its id must be larger than the running one's, with another
 * parity. Not within a grace period of the last swap.
 */
void dispatcher_prepare(struct dispatcher *dispatcher, const struct xslot_generation *generation);

/*
 * Make the generation that was prepared the running one: one store. Packets that entered before still use the
 * old one: wait (grace_wait) before anything of it is let go. Called again it goes back.
 */
void dispatcher_swap(struct dispatcher *dispatcher);

/* The counters of generations with this parity, summed over CPUs, raw: they only ever rise. Any thread. */
void dispatcher_count(const struct dispatcher *dispatcher, unsigned parity,
	uint64_t ret_cells[XSLOT_DECIDERS][XSLOT_OUTCOMES]);

#endif
