/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The steps from the running configuration to the wanted one. Pure: no kernel, no files, no clock. What did
 * not change is KEEP, and a chain in which everything is KEEP is `unchanged`: nothing is done for it.
 */
#ifndef HOST_PLAN_PLAN_H
#define HOST_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One side of the comparison, running or wanted. Strings and tokens are the caller's. */
struct plan_slot {
	unsigned number;
	const char *plugin;
	uint32_t proceed;
	const void *token; /* handed to plan_same_fn: plugin content and parameters */
};

struct plan_interface {
	const char *name;	  /* as configured */
	unsigned ifindex;	  /* which carries the chain's program, or which has the name now; 0: none */
	bool stale;		  /* running: what it says is true no more, and is to be forgotten */
	bool displaced, put_back; /* running: its link has, or had until that look, another's program */
	bool leave;		  /* wanted: it was refused before, and that is not to be tried again */
	bool renamed;	  /* running: ifindex has another name now, so that it leaves the chain anyway */
	bool may_bare;	  /* running: somebody said that it may run no chain of ours any more */
	const char *twin; /* wanted: another name of the interface, which is wanted too and has it; NULL */
};

struct plan_chain {
	const char *name;
	const struct plan_slot *slots; /* packed, in order */
	size_t n_slots;
	const struct plan_interface *interfaces;
	size_t n_interfaces;
	bool generic, frags, only_alarm;
	uint32_t version; /* of the dispatcher's program */
	uint32_t final, on_gap;
};

/* Do the two slots run the same plugin content with the same parameters? */
typedef bool (*plan_same_fn)(const void *running, const void *wanted);

enum plan_slot_action {
	PLAN_SLOT_KEEP,	   /* same instance, same position */
	PLAN_SLOT_MOVE,	   /* same instance, other position (or new dispatcher): place it again */
	PLAN_SLOT_REPLACE, /* new instance of the same plugin: carries state over */
	PLAN_SLOT_ADD,
};

struct plan_slot_step {
	enum plan_slot_action action;
	size_t from;			  /* index of the running slot; not for ADD */
	bool proceed_changed, renumbered; /* KEEP and MOVE: only the generation changes */
};

enum plan_interface_action {
	PLAN_INTERFACE_KEEP,
	PLAN_INTERFACE_WAIT,   /* not there */
	PLAN_INTERFACE_LEAVE,  /* refused, as before */
	PLAN_INTERFACE_ATTACH, /* bare */
	PLAN_INTERFACE_UPDATE, /* carries another dispatcher, or another's program: swap that of its link */
	PLAN_INTERFACE_REMODE, /* native to generic or back: cannot be done without a gap */
	PLAN_INTERFACE_TWIN,   /* has its chain already, by another of its names */
};

struct plan_interface_step {
	enum plan_interface_action action;
	unsigned ifindex;	 /* ATTACH: of the interface that has the name */
	const char *twin;	 /* TWIN: as wanted */
	size_t from_chain, from; /* where its link (LEAVE: its refusal) is now: indices of the running side */
};

#define PLAN_NONE ((size_t)-1)

struct plan_chain_step { /* for each wanted chain */
	size_t from;	 /* the running chain whose dispatcher goes on; PLAN_NONE: a new dispatcher */
	size_t previous; /* the running chain whose instances are taken over; PLAN_NONE */
	bool renamed, on_detach_changed;
	bool verdicts_changed;	 /* final or on_gap */
	bool generation_changed; /* something that packets see: a swap is needed */
	bool unchanged;
	struct plan_slot_step *slots;
	struct plan_interface_step *interfaces;
	size_t n_interfaces; /* those that are planned */
};

/* A running interface that would run no slot of ours any more, of which nobody said that it may. */
struct plan_bared {
	size_t chain, interface; /* indices of the running side */
	size_t to;		 /* the wanted chain that has it, without slots; PLAN_NONE: none has it */
};

struct plan {
	struct plan_bared *bared;
	size_t n_bared;
	struct plan_chain_step *chains; /* as many as wanted */
	size_t n_chains;
	bool *removed; /* for each running chain: its dispatcher goes */
	size_t n_running;
	bool unchanged;
};

/* -ENOMEM, or 0. */
int plan_new(const struct plan_chain *running, size_t n_running, const struct plan_chain *wanted,
	size_t n_wanted, plan_same_fn same, struct plan **ret_plan);
void plan_free(struct plan *plan); /* accepts NULL */

#endif
