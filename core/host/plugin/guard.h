/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin's callback runs in the process that calls it, and damaged code would crash that process. A tool
 * that only wants an answer runs the callback in a child, before it has threads or has loaded anything.
 */
#ifndef HOST_PLUGIN_GUARD_H
#define HOST_PLUGIN_GUARD_H

#include <xslot/diag.h>

/*
 * Run `what` in a child; returns what it returns, 0 to 255, as an exit status. -EBADMSG when it crashed in a
 * callback, or one did not end within 60 seconds: the sentence names plugin and callback. -ECHILD when it
 * ended otherwise.
 */
int guard_run(int (*what)(void *), void *data, struct xslot_diag *diag);

#endif
