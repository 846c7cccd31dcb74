/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain without dispatcher and interface: each slot's program, loaded as an XDP program of its own, gets
 * the packet as the previous one left it.
 */
#ifndef XSLOT_TEST_RIG_H
#define XSLOT_TEST_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/chain/occupant.h"
#include "packet.h"

struct rig_slot {
	unsigned number; /* in the INI file */
	struct occupant *occupant;
	uint32_t proceed; /* bit (1 << action) */
	int program_fd;
};

struct rig {
	struct rig_slot slots[XSLOT_MAX_SLOTS];
	size_t n_slots;
	uint32_t final;
	bool frags; /* packets in several buffers */
};

struct rig_result {
	uint32_t verdict;  /* an XDP action; with every slot saying next, the chain's final */
	int decider;	   /* index of the slot; -1: every slot said next */
	uint32_t returned; /* what the decider returned, without its reason: it may be no action at all */
	uint32_t reason;   /* 0: none */
	struct packet packet;
};

/*
 * The host's own steps up to going live, with state taken over from `previous` (may be NULL) by slots of the
 * same number. All errors go into `report`.
 */
int rig_load(struct setup *setup, const struct setup_chain *chain, const struct rig *previous,
	struct rig **ret_rig, struct report *report);
/* After rig_free() of the previous one: call the plugins' live, and begin the watches that they asked for. */
int rig_activate(struct rig *rig, sd_event *event);
void rig_free(struct rig *rig); /* accepts NULL */

int rig_run(const struct rig *rig, const struct packet *packet, struct rig_result *ret_result,
	struct xslot_diag *diag);

/* Linux 5.14: does metadata go from slot to slot? */
bool rig_has_metadata(void);

/* An XDP program that only returns: its file descriptor, the caller's. */
int rig_load_nothing(struct xslot_diag *diag);

/* Nanoseconds for one run of a program on the packet, the least of some. */
int rig_time(int program_fd, const struct packet *packet, uint32_t *ret_ns, struct xslot_diag *diag);

/* By number; 0: the only one. */
const struct rig_slot *rig_slot(const struct rig *rig, unsigned number, struct xslot_diag *diag);

#endif
