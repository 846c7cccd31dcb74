/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Taking off the chains that a host left running, without a host: `xslotctl clean`. */
#ifndef HOST_OFFLINE_CLEAN_H
#define HOST_OFFLINE_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

/*
 * Detach all interfaces of one chain (`only`) or of all in this network namespace, wait for packets and
 * remove every pin, whatever state they are in; without `only` also what is left of namespaces that are gone.
 * Returns how many chains, in `ret_n`. -EBUSY while a host runs there; -ENOENT when there is no chain of that
 * name.
 */
int clean_run(const char *bpffs, const char *only, size_t *ret_n, struct xslot_diag *diag);

#endif
