/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Everything a reload would do up to attaching, without a host: `xslotd --check`, `xslotctl check`. */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/diag.h"

struct check {
	struct report report; /* all errors; empty: the configuration is good */
	char **plan;	      /* what a start would set up, a line each */
	size_t n_plan;
	bool as_xdp;   /* the kernel refuses extensions: verified as XDP programs */
	char why[256]; /* … and why it does */
};

/* Returns 0 when the configuration is good, -EINVAL with errors in ret_check->report when not. */
int check_run(const char *file, struct check *ret_check);
void check_clear(struct check *check);

#endif
