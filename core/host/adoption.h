/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What an earlier host left running becomes this host's dataplane. Worker thread, before the first plan. */
#ifndef HOST_ADOPTION_H
#define HOST_ADOPTION_H

#include "host/chain.h"
#include "host/setup.h"
#include "kernel/grace.h"

/*
 * Read every chain in `root`. What is consistent is returned as running chains; what a dead transaction left
 * behind is removed, after the caller has waited for a grace period; what is corrupt or foreign is left alone
 * and logged. A slot whose content the files still have goes on untouched; any other is known as far as its
 * pins tell, so that the plan replaces it and takes its state over. Failures: a shortage or a permission that
 * keeps us from seeing what runs, and -EPROTO when there is a dispatcher of a layout that this version cannot
 * read: nothing is touched then.
 */
int adoption_run(const char *root, struct setup *setup, struct grace *grace, struct chain ***ret_chains,
	size_t *ret_n, struct xslot_diag *diag);

#endif
