/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What ledger.bpf.c and ledger.c agree on. The second build's rows are longer. */
#ifndef TESTS_LEDGER_H
#define TESTS_LEDGER_H

#include <linux/types.h>

#define LEDGER_ROWS 4

struct row {
	__u64 packets;
#if BUILD == 2
	__u64 bytes;
#endif
};

#endif
