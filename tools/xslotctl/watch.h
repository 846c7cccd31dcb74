/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef XSLOTCTL_WATCH_H
#define XSLOTCTL_WATCH_H

#include "control/client.h"
#include "xslotctl.h"

/* `status --watch`: until the host is gone, or a signal ends it. Returns the exit code. */
int status_watch(const struct options *options, struct client *client, const char *chain);

#endif
