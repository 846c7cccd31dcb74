/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A running chain: its dispatcher, the occupants of its slots, its interfaces, and its counts. */
#ifndef HOST_CHAIN_CHAIN_H
#define HOST_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/extension.h>

#include "config/config.h"
#include "host/chain/occupant.h"
#include "kernel/dispatcher/dispatcher.h"
#include "kernel/dispatcher/manifest.h"
#include "kernel/netdev/netdev.h"
#include "util/thread_role.h"

#define CHAIN_PROCEED_DEFAULT (1u << 31) /* no `proceed_on` was given: the occupant's default holds */

struct chain_slot {
	unsigned number; /* in the INI file; the index in chain.slots is the position */
	enum bank bank;
	uint32_t proceed;	   /* as configured: mask or CHAIN_PROCEED_DEFAULT */
	struct occupant *occupant; /* counted */
	struct xslot_link *link;   /* what keeps the stub filled */
	struct manifest_count count;
	uint32_t previous; /* as in struct manifest_slot */
};

struct chain_interface {
	char *name;
	struct netdev *netdev;	 /* NULL: waiting, or refused */
	char *refused;		 /* the reason; NULL */
	struct netdev_look look; /* how it was then */
	bool again;		 /* it was refused for a shortage, which may be over: try it again */
	bool moved;		 /* to another namespace, as was reported */
	uint64_t looked;	 /* worker's: dataplane.reports when it was seen with name and program */
	bool alive, displaced;	 /* worker's, of the last look; is another's program in our link still? */
	uint32_t displaced_by;	 /* that program, put back or not; 0: ours is there, and was */
	unsigned alarm;		 /* loop's: see lookout.c; 0: it runs the chain, as far as is known */
};

/* Whether the chain runs fused, see tier.h. */
struct chain_tier {
	bool wanted;		 /* by the files */
	uint32_t tried;		 /* the generation that could not be fused, or was made so; 0: none yet */
	char why_not[1024];	 /* why: the files, or, of what was tried, what the attempt came to */
	struct xslot_link *link; /* what keeps a fused stub filled; NULL: slots */
	uint32_t stub;		 /* that the link fills: XSLOT_FUSED_* */
	uint32_t instructions;	 /* 0: not known */
};

struct chain {
	char name[CONFIG_NAME_MAX + 1];
	struct dispatcher *dispatcher;
	struct chain_slot slots[XSLOT_MAX_SLOTS];
	size_t n_slots;
	struct chain_interface *interfaces;
	size_t n_interfaces;
	bool generic, frags, off; /* off: worker's; clean was to take it off, and was killed meanwhile */
	bool only_alarm;	  /* on_detach: see lookout.h */
	uint32_t final, on_gap;
	uint32_t banks;			    /* by position, filled or not: the bank that packets used last */
	uint32_t released[XSLOT_MAX_SLOTS]; /* link id that was let go of last; 0: none */
	struct chain_tier tier;
	bool bypass;   /* packets get `final` at once; slots stay filled */
	char *folder;  /* in bpffs; see store.h */
	int folder_fd; /* O_PATH: what is in it is found by that, whatever it is called meanwhile; -1: none
			  yet */
	int manifest_fd;
	struct manifest manifest; /* as last written; its total and baseline are the chain's own */
};

struct chain *chain_alloc(const char *name); /* with nothing in it; NULL when out of memory */

/* Another chain has its name, and goes on by it; no file can want this one. */
bool chain_is_namesake(const struct chain *chain);

/* A dispatcher with no slots, pinned nowhere yet. */
int chain_new(const char *name, bool frags, struct chain **ret_chain, struct xslot_diag *diag);

/* The plugins' stop alone, while their maps' pins are there. Worker, before chain_free(). */
void chain_stop(struct chain *chain) ON_WORKER;

/* What is pinned lives on; all else goes, without waiting for packets: the caller has. Worker. Accepts NULL.
 */
void chain_free(struct chain *chain) ON_WORKER;

/* Detach (what is pinned: let go of) and free the list. */
void chain_interfaces_free(struct chain_interface *interfaces, size_t n);

/*
 * Read what packets of `parity` added since the last time, and add it to `total` and to counts[position] for
 * the first n_slots. Loop thread.
 */
void chain_fold(struct chain *chain, unsigned parity, struct manifest_count *total, size_t n_slots,
	struct manifest_count *const counts[]) ON_LOOP;

/* The same for the generation that runs, into its slots: what status shows is current after it. */
void chain_refresh(struct chain *chain) ON_LOOP;

/* Loop thread, or before there is one. `netdev` is the chain's then; not on -ENOMEM. */
int chain_add_interface(struct chain *chain, struct netdev *netdev);

/* NULL: it has none of that name, attached or not. */
struct chain_interface *chain_find_interface(const struct chain *chain, const char *name);

/* Was this chain's dispatcher made to stand in for the other's? */
bool chain_replaces(const struct chain *chain, const struct chain *other);
/* What the replaced dispatcher's last generation counted since its counts were taken over. Loop thread. */
void chain_fold_previous(struct chain *chain, const struct chain *previous) ON_LOOP;

void chain_count_add(struct manifest_count *count, const struct manifest_count *more);

#endif
