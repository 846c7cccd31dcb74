/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The chains that an earlier host left running become this host's dataplane. Worker thread, before the first
 * plan.
 */
#ifndef HOST_ADOPT_ADOPTION_H
#define HOST_ADOPT_ADOPTION_H

#include <stdbool.h>

#include "host/chain/dataplane.h"
#include "host/plan/setup.h"
#include "kernel/dispatcher/grace.h"
#include "util/diag.h"
#include "util/thread_role.h"

/*
 * Read every chain in the folder of `dataplane->pins`. What is consistent becomes its running chains; what a
 * dead transaction left behind is removed, after the caller has waited for a grace period; what is corrupt or
 * foreign is left alone and logged. A slot whose content the files still have goes on untouched; any other is
 * known as far as its pins tell, so that the plan replaces it and takes its state over. Failures: a shortage
 * or a permission that keeps us from seeing what runs, and -EPROTO when there is a dispatcher of a layout
 * that this version cannot read: nothing is touched then. `dead`: the folder's namespace may have been
 * another one, see namespace.h: no bypass goes on.
 */
int adoption_run(struct dataplane *dataplane, struct setup *setup, bool dead, struct xslot_diag *diag)
	ON_WORKER;

/* Open the folder of `dataplane->bpffs`, settle whose it is, and adopt what is in it. */
int adoption_of(struct dataplane *dataplane, struct setup *setup, struct xslot_diag *diag) ON_WORKER;

/*
 * Find what an adoption would find in the folder of `dataplane->pins`. Nothing is touched, no plugin is told,
 * no link of a slot is held, and nothing is logged: for who only wants to know, beside a host that runs too.
 * What a start would leave alone is a warning in `notes`. Free the chains with adoption_forget().
 */
int adoption_look(struct dataplane *dataplane, struct setup *setup, struct report *notes,
	struct xslot_diag *diag) ON_WORKER;
void adoption_forget(struct chain **chains, size_t n) ON_WORKER;

#endif
