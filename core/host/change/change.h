/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One chain's part of a transaction. Until change_commit() it owns everything that it makes, and only reads
 * what is live; change_rollback() undoes any part of it. W: worker thread. L: loop thread.
 */
#ifndef HOST_CHANGE_CHANGE_H
#define HOST_CHANGE_CHANGE_H

#include <stdbool.h>

#include "host/chain/chain.h"
#include "host/plan/plan.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

struct change {
	struct setup *setup; /* not counted: the transaction's */
	const char *root; /* folder of all chains in bpffs; NULL: only a check, nothing is placed or pinned */
	const struct setup_chain *wanted;
	const struct plan_chain_step *step;
	struct chain *chain;	/* goes on, or `created` */
	struct chain *previous; /* whose instances are taken over: `chain` itself, the one before a rebuild,
				   or NULL */
	bool created;
	bool lenient; /* an interface that refuses is no error: it is noted, see change_attach.c */
	struct chain_slot next[XSLOT_MAX_SLOTS];
	size_t n_next;
	uint32_t banks;
	struct chain_interface *interfaces; /* with the links that this change attached */
	/* once committed: what ran before */
	struct chain_slot old[XSLOT_MAX_SLOTS];
	size_t n_old;
	unsigned old_parity, old_count; /* of the chain before, when the generation was written */
	struct chain_interface *old_interfaces;
	size_t n_old_interfaces;
};

/* For all changes of a transaction. */
struct change_options {
	struct setup *setup;
	struct chain *const *running;
	const char *root;     /* as in struct change */
	bool with_dispatcher; /* a new chain gets one; else its slots are verified without */
	bool lenient;	      /* as in struct change */
};

/* W: what stays is taken from what runs, what is new gets its instance; a new chain its dispatcher. */
int change_begin(struct change *change, const struct change_options *options,
	const struct setup_chain *wanted, const struct plan_chain_step *step, struct report *report)
	ON_WORKER;
int change_check(struct change *change, struct report *report) ON_WORKER; /* W: the plugins' own checks */
int change_load(struct change *change, struct report *report)
	ON_WORKER; /* W: verify, load and pin; not live */
int change_place(struct change *change, struct report *report) ON_WORKER; /* W: idle banks, start, migrate */
int change_attach(struct change *change, struct report *report)
	ON_WORKER; /* W: bare interfaces; claim others */
/* W: in place of change_attach(), when nothing is to be done: who is in the way? */
int change_try(struct change *change, struct report *report) ON_WORKER;
void change_rollback(struct change *change) ON_WORKER; /* W */

int change_write(struct change *change, struct report *report) ON_LOOP; /* L: manifest and idle generation */
void change_swap(struct change *change) ON_LOOP;			/* L: the one store; again: back */
/* L: swap the program of interfaces that come from another dispatcher or from another's program (a claim); on
 * failure all are as before. */
int change_update(struct change *change, struct chain *const *running, struct report *report) ON_LOOP;
/* W, L: the interface stays without the chain, for this reason. */
void change_note_refusal(struct change *change, size_t index, int error, struct xslot_diag *diag);
void change_update_back(struct change *change, struct chain *const *running) ON_LOOP; /* L: undo it */
/* L: of all changes first, then commit all: an interface may come from another chain. */
void change_take_interfaces(struct change *change, struct chain *const *running) ON_LOOP;
void change_commit(struct change *change) ON_LOOP;		  /* L: the chain is now what was prepared */
bool change_keeps(const struct change *change, size_t old_index); /* does this old slot go on untouched? */

bool change_takes_off(const struct change *change); /* committed: some interface is not in the new list */

void change_settle(struct change *change) ON_WORKER; /* W: after the grace period, the plugins' settle */
void change_retire(struct change *change) ON_LOOP; /* L: fold the old generation's last counts, end watches */
void change_release(struct change *change) ON_WORKER; /* W: let go of what is no longer used */
void change_live(struct change *change) ON_WORKER;    /* W: after that, the plugins' live */

/* W: take the program off those that are still here, forget all of them, and free the list. */
void change_drop_interfaces(const struct chain *chain, struct chain_interface *interfaces, size_t n)
	ON_WORKER;
void change_drop_old_interfaces(struct change *change)
	ON_WORKER; /* W: those that were not taken into the new list */

#endif
