/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Running scripts and comparing the results. */
#ifndef XSLOT_TEST_RUN_H
#define XSLOT_TEST_RUN_H

#include "session.h"

struct tally {
	unsigned n, failed;
	bool quiet;  /* no results: --print */
	bool accept; /* what differs is the new expectation */
};

/* Run all tests of the script; each is a line of TAP. Outputs that differ are kept in the script's commands.
 */
void run_script(struct script *script, const struct test_options *options, struct tally *tally);

#endif
