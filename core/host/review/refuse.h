/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Plans that are refused. Worker thread. */
#ifndef HOST_REVIEW_REFUSE_H
#define HOST_REVIEW_REFUSE_H

#include "host/plan/plan.h"
#include "host/plan/setup.h"
#include "host/review/view.h"

/*
 * All reasons go into `report`; then -EINVAL. `lenient`: nobody asked, so what the change can note at the
 * interface is no reason.
 */
int refuse_plan(const struct view *view, const struct plan *plan, const struct setup *setup,
	bool allow_detach, bool lenient, struct report *report);

#endif
