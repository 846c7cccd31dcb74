/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The messages of an instance's BPF program go to the log while it is live: no code of the plugin runs. */
#ifndef HOST_SERVICES_DRAIN_H
#define HOST_SERVICES_DRAIN_H

#include <systemd/sd-event.h>
#include <xslot/plugin.h>

#include "kernel/instance/instance.h"
#include "util/thread_role.h"

struct drain; /* NULL: there is nothing to drain */

/* Begin, unless it has begun. Without a ring buffer of messages it does nothing. A failure is logged. */
void drain_activate(struct drain **drain, const struct xslot_context *plugin, const struct instance *instance,
	sd_event *event) ON_LOOP;
/* The loop reads no more of it. */
void drain_deactivate(struct drain *drain) ON_LOOP;
/* Log the rest, when no packet runs the program any more. */
void drain_end(struct drain **drain);

#endif
