/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What synguard.bpf.c, synguard.c and tests share: the maps. */
#ifndef SYNGUARD_H
#define SYNGUARD_H

#include <linux/types.h>

#define SYNGUARD_PREFIXES 65536 /* unless `prefixes` says another number */

enum synguard_total {
	SYNGUARD_PASSED,
	SYNGUARD_DROPPED,
	SYNGUARD_BLOCKS, /* how often a prefix was blocked */
	SYNGUARD_ALLOWED,
	SYNGUARD_UNREADABLE,
	SYNGUARD_UNTRACKED, /* passed, because the kernel had no memory for the prefix */
	SYNGUARD_TOTALS,
};

enum synguard_reason {
	SYNGUARD_IS_BLOCKED = 1,
	SYNGUARD_CANNOT_BE_READ,
};

/* The length is part of the key: after a reload with another one nothing is taken for what it is not. */
struct synguard_prefix {
	__u8 address[16]; /* in network byte order, bits beyond `length` are 0; IPv4 fills the first four */
	__u8 family;	  /* 4 or 6 */
	__u8 length;
	__u8 reserved[2];
};

struct synguard_window {
	__u64 begin; /* monotonic nanoseconds */
	__u64 syns;  /* since then */
	__u64 blocked_until;
};

/* One copy a CPU. */
struct synguard_count {
	__u64 syns;
	__u64 dropped;
};

/* The keys of the allow list, as longest-prefix tries have them. */
struct synguard_allow4 {
	__u32 length;
	__u8 address[4];
};

struct synguard_allow6 {
	__u32 length;
	__u8 address[16];
};

#endif
