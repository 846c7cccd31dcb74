/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Everything that a start, or a reload of the running host, would do up to attaching: `xslotd --check`,
 * `xslotctl check`. The host is not asked for it.
 */
#ifndef HOST_OFFLINE_CHECK_H
#define HOST_OFFLINE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/diag.h"

struct check {
	struct report report; /* all errors; none: the configuration is good; and warnings */
	char **plan;	      /* what a start or a reload would change, a line each */
	size_t n_plan;
	bool reload;   /* a host runs with it: that is what it would change at a reload; else: at a start */
	bool as_xdp;   /* the kernel refuses extensions: verified as XDP programs */
	char why[256]; /* … and why it does */
};

/* Returns 0 when the configuration is good, -EINVAL with errors in ret_check->report when not. */
int check_run(const char *file, struct check *ret_check);
void check_clear(struct check *check);

#endif
