/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The running dataplane and the wanted setup, both in the form that plan.h compares. */
#ifndef HOST_REVIEW_VIEW_H
#define HOST_REVIEW_VIEW_H

#include "host/chain/chain.h"
#include "host/plan/plan.h"
#include "host/plan/setup.h"
#include "util/thread_role.h"

struct view {
	struct plan_chain *running;
	size_t n_running;
	struct plan_chain *wanted;
	size_t n_wanted;
};

/* What runs, and what of it is known without looking: all that was seen at this number of reports. */
struct view_seen {
	struct chain *const *chains;
	size_t n_chains;
	uint64_t reports; /* see struct dataplane */
};

/* Somebody asked for what is done next; nobody did, so what only wants an alarm is left; nothing is to be
 * done. */
enum view_why { VIEW_ASKED, VIEW_UNASKED, VIEW_ONLY };

/*
 * W: what became of the interfaces of what runs. Where another's program is in our link, ours is put back,
 * as `why` says. -errno: of some the kernel does not say; what was known of those stays.
 */
int view_look(const struct view_seen *seen, enum view_why why, struct xslot_diag *diag) ON_WORKER;

/*
 * After that look. Looks up which interface has each wanted name now; those that were looked at when as much
 * had been reported need not be looked up. `leave_refused`: those that were refused, and about which nothing
 * has changed since, are not to be tried again, nor what somebody took off where only an alarm is wanted.
 * Everything it points to stays its owners'. -errno when the kernel does not say what is there: then nothing
 * can be planned.
 */
int view_new(const struct view_seen *seen, const struct setup *setup, bool leave_refused,
	struct view **ret_view, struct xslot_diag *diag);
void view_free(struct view *view); /* accepts NULL */

/* plan_same_fn for the tokens of a view. */
bool view_same(const void *running, const void *wanted);

#endif
