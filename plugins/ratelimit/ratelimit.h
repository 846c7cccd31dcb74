/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What ratelimit.bpf.c, ratelimit.c and their test share: the maps, and how credit grows. */
#ifndef RATELIMIT_H
#define RATELIMIT_H

#include <linux/types.h>

#define RATELIMIT_SOURCES 65536 /* buckets, unless `sources` says another number */

enum ratelimit_unit { RATELIMIT_PACKETS, RATELIMIT_BYTES };

/*
 * Whose bucket. All that gives the credit in it a meaning is part of the key: after a reload with another
 * prefix length or unit no bucket is taken for what it is not; the old ones are forgotten in time.
 */
struct ratelimit_source {
	__u8 address[16]; /* in network byte order, bits beyond `length` are 0; IPv4 fills the first four */
	__u8 family;	  /* 4 or 6; 0: all packets whose headers cannot be read */
	__u8 length;
	__u8 unit;
	__u8 reserved;
};

struct ratelimit_bucket {
	__u64 credit; /* in billionths of a unit, so that a nanosecond adds `rate` */
	__u64 at;     /* monotonic nanoseconds: when `credit` was right */
};

/* One copy a CPU. */
struct ratelimit_totals {
	__u64 passed;
	__u64 dropped;
	__u64 untracked; /* passed, because no bucket could be had */
};

/*
 * What `credit` becomes after `elapsed` nanoseconds: `rate` more for each, at most `full`. Exact for all
 * values with rate < 2^35: below 2^29 ns the product fits; above, a division says whether it passes what is
 * missing.
 */
static inline __attribute__((always_inline)) __u64 ratelimit_refill(
	__u64 credit, __u64 full, __u64 rate, __u64 elapsed)
{
	__u64 missing, gain;

	if (credit >= full)
		return full;
	missing = full - credit;
	if (elapsed >> 29 && elapsed > missing / rate)
		return full;
	gain = elapsed * rate;
	return gain < missing ? credit + gain : full;
}

#endif
