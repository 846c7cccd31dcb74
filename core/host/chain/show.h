/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The running chains as the status that `xslotctl status` shows. Loop thread. */
#ifndef HOST_CHAIN_SHOW_H
#define HOST_CHAIN_SHOW_H

#include "control/status.h"
#include "host/chain/chain.h"
#include "util/thread_role.h"

/*
 * Fill ret_status->chains; `only` NULL: all. Reads the counters, so that figures are current. -ENOENT when
 * there is no chain of that name.
 */
int show_chains(struct chain *const *chains, size_t n_chains, const char *only, struct status *ret_status)
	ON_LOOP;

const char *show_action(uint32_t action); /* "aborted", "drop", "pass", "tx", "redirect" */

#endif
