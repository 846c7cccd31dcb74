/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A period begins with the first that comes when none runs: so a burst of `most` always passes. */
#include "host/plugin/rate.h"

bool rate_admits(struct rate *rate, uint64_t now_us, unsigned *ret_left_out)
{
	*ret_left_out = 0;
	if (!rate->begun_us || now_us - rate->begun_us >= rate->period_us) {
		rate->begun_us = now_us;
		rate->n = 0;
		*ret_left_out = rate->left_out;
		rate->left_out = 0;
	}
	if (rate->n >= rate->most) {
		rate->left_out++;
		return false;
	}
	rate->n++;
	return true;
}
