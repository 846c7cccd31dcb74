/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What tally.bpf.c and tally.c agree on. The second build's rows are longer. */
#ifndef TESTS_TALLY_H
#define TESTS_TALLY_H

#include <linux/types.h>

#define TALLY_ROWS 4

struct row {
	__u64 packets;
#if BUILD == 2
	__u64 bytes;
#endif
};

#endif
