/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A running chain: its dispatcher, what fills its slots, the interfaces that carry it, and what was counted.
 */
#ifndef HOST_CHAIN_H
#define HOST_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/extension.h>

#include "config/config.h"
#include "host/occupant.h"
#include "kernel/dispatcher.h"
#include "kernel/netdev.h"

#define CHAIN_PROCEED_DEFAULT (1u << 31) /* no `proceed_on` was given: the occupant's default holds */

/* Packets of one slot, or of a generation's end; they only rise. */
struct chain_count {
	uint64_t seen;
	uint64_t proceeded;
	uint64_t outcome[XSLOT_OUTCOMES];
};

struct chain_slot {
	unsigned number; /* in the INI file; the index in chain.slots is the position */
	enum bank bank;
	uint32_t proceed;	   /* as configured: mask or CHAIN_PROCEED_DEFAULT */
	struct occupant *occupant; /* counted */
	struct xslot_link *link;   /* what keeps the stub filled */
	struct chain_count count;
};

struct chain_interface {
	char *name;
	struct netdev *netdev; /* NULL: waiting */
};

struct chain {
	char name[CONFIG_NAME_MAX + 1];
	struct dispatcher *dispatcher;
	struct chain_slot slots[XSLOT_MAX_SLOTS];
	size_t n_slots;
	struct chain_interface *interfaces;
	size_t n_interfaces;
	bool generic, frags;
	uint32_t final, on_gap;
	uint32_t banks;			    /* by position, filled or not: the bank that packets used last */
	uint32_t released[XSLOT_MAX_SLOTS]; /* link id that was let go of last; 0: none */
	uint64_t baseline[2][XSLOT_DECIDERS][XSLOT_OUTCOMES]; /* raw counters that are folded already */
	struct chain_count total; /* seen: all packets; outcome: decided anywhere */
};

/* A dispatcher with no slots. */
int chain_new(const char *name, bool frags, struct chain **ret_chain, struct xslot_diag *diag);

/* Detach the interfaces, let go of all slots, without waiting for packets: the caller has. Worker. Accepts
 * NULL. */
void chain_free(struct chain *chain);

/*
 * Read what packets of `parity` added since the last time, and add it to `total` and to counts[position] for
 * the first n_slots. Loop thread.
 */
void chain_fold(struct chain *chain, unsigned parity, struct chain_count *total, size_t n_slots,
	struct chain_count *const counts[]);

/* The same for the generation that runs, into its slots: what status shows is current after it. */
void chain_refresh(struct chain *chain);

void chain_count_add(struct chain_count *count, const struct chain_count *more);

#endif
