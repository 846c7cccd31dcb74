/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The cost of a packet. */
#ifndef XSLOT_TEST_BENCH_H
#define XSLOT_TEST_BENCH_H

#include "session.h"

/* Print the time of the command's packet in each slot that it comes to, without what running any program
 * takes. */
int bench_packet(struct session *session, const struct command *command, struct xslot_diag *diag);

#endif
