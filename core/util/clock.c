/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/clock.h"

uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
