/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Wait until every packet that is being processed now has left: an RCU grace period, from user space. */
#ifndef KERNEL_DISPATCHER_GRACE_H
#define KERNEL_DISPATCHER_GRACE_H

#include <xslot/diag.h>

#include "util/thread_role.h"

struct grace;

/* Creates the two maps that it needs. */
int grace_new(struct grace **ret_grace, struct xslot_diag *diag);
void grace_free(struct grace *grace); /* accepts NULL */

/*
 * Return after every BPF program that was running when it was called has returned: 8 to 16 ms. It is a
 * map-in-map update, which waits for RCU on every kernel and configuration (Linux:
 * maybe_wait_bpf_programs()).
 */
int grace_wait(struct grace *grace, struct xslot_diag *diag) ON_WORKER;

#endif
