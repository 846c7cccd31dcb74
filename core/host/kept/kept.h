/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The content of the state folder's record after the last task, for status and the log. Loop thread. */
#ifndef HOST_KEPT_KEPT_H
#define HOST_KEPT_KEPT_H

#include "control/status.h"
#include "host/kept/history.h"
#include "util/thread_role.h"

/* Folders as paths; NULL where there is none. */
struct kept {
	char *current, *previous;
	enum statedir_hold hold;
	char **reasons; /* why it is held */
	size_t n_reasons;
	char *problem; /* with the state folder */
};

/* After each transaction, while the worker rests: read it again. A hold that is new is logged. */
void kept_note(struct kept *kept, const struct history *history) ON_LOOP;
void kept_clear(struct kept *kept);

/* Fill ret_status->configuration, but for the trial's time. */
void kept_show(const struct kept *kept, struct status *ret_status);

#endif
