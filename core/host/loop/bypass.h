/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl bypass`: every packet of a chain gets `final` at once, while its slots stay loaded. Loop thread.
 */
#ifndef HOST_LOOP_BYPASS_H
#define HOST_LOOP_BYPASS_H

#include "host/work/queue.h"

/* A task: `chain` is bypassed (`on`) or runs its slots again. */
void bypass_begin(struct host *host, struct task *task);

/* Log a warning for each chain that is bypassed: nobody may forget it. */
void bypass_remind(const struct host *host);

#endif
