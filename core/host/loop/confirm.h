/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl confirm`, and the requests that are refused while a trial runs. Loop thread. */
#ifndef HOST_LOOP_CONFIRM_H
#define HOST_LOOP_CONFIRM_H

#include <stdbool.h>

#include "host/kept/kept.h"
#include "host/loop/loop.h"
#include "host/loop/reload.h"
#include "host/loop/trial.h"
#include "util/thread_role.h"

struct confirm {
	struct loop *loop;
	struct trial *trial;
	struct kept *kept;
	int error; /* of the task that runs */
	struct xslot_diag diag;
};

/* A task: the configuration that runs stays. Owner: struct confirm. */
extern const struct task_kind confirm_kind;

/* May this reload begin? If not, its callers have been told what to do first, and the task is over. */
bool confirm_admits(struct confirm *confirm, struct task *task, const struct reload_request *request) ON_LOOP;

#endif
