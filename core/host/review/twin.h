/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An interface has a name and any number of alternative ones, and may be configured by any of them, but once.
 * Worker thread.
 */
#ifndef HOST_REVIEW_TWIN_H
#define HOST_REVIEW_TWIN_H

#include "host/plan/setup.h"
#include "host/review/view.h"

/*
 * Of all names of one interface that are wanted, one has it: the one that its chain runs by, else its proper
 * name, else the first. To the others `twin` is that name. 0, -ENOMEM, or -errno when the kernel does not
 * say.
 */
int twin_mark(struct view *view);

/* Why interface `name` gets no chain of its own. Returns `diag`. */
struct xslot_diag *twin_explain(struct xslot_diag *diag, const char *name, const char *twin);

#endif
