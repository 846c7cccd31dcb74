/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `xslotctl bypass`: every packet of a chain gets `final` at once, while its slots stay loaded. Loop thread.
 */
#ifndef HOST_LOOP_BYPASS_H
#define HOST_LOOP_BYPASS_H

#include "host/loop/loop.h"

/* Tasks: `chain` is bypassed, or runs its slots again. Owner: struct loop. */
extern const struct task_kind bypass_on_kind, bypass_off_kind;

/* Log a warning for each chain that is bypassed: nobody may forget it. */
void bypass_remind(const struct dataplane *dataplane);

#endif
