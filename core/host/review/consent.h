/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Changes that leave an interface bare are refused unless someone states that they are intended. Worker
 * thread.
 */
#ifndef HOST_REVIEW_CONSENT_H
#define HOST_REVIEW_CONSENT_H

#include "host/plan/setup.h"
#include "host/review/view.h"

struct consent {
	const struct config *running; /* what runs was made from it; NULL: that is not known */
	const struct setup *setup;
	const struct view *view;
	const struct plan *plan;
	bool rollback; /* which command the errors name, and that no file can say it */
};

/* Errors for what the plan bares, one for each chain: --allow-bare, or the files. -EINVAL when there are any.
 */
int consent_to_bare(const struct consent *consent, struct report *report);

#endif
