/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* So many in a time, for what others can cause as often as they like. */
#ifndef HOST_PLUGIN_RATE_H
#define HOST_PLUGIN_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* Set the first two, zero the rest. */
struct rate {
	unsigned most;
	uint64_t period_us;
	uint64_t begun_us;
	unsigned n, left_out;
};

/* `ret_left_out`: how many were refused before this one that is admitted; 0 when none was. */
bool rate_admits(struct rate *rate, uint64_t now_us, unsigned *ret_left_out);

#endif
