/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What rodata.bpf.c saw in its variables. */
#ifndef TESTS_RODATA_H
#define TESTS_RODATA_H

#include <linux/types.h>
#include <xslot/slots.h>

enum fruit { APPLE, PEAR, PLUM };

struct seen {
	__u64 u8, u16, u32, u64;
	__s64 s8, s16, s32, s64;
	__u64 flag, flag_number, fruit, fruit_number, untouched;
	char text[8];
	__u8 mac[6];
	struct xslot_prefix prefix;
	__u32 peer;
	__u16 port;
	__u8 peer6[16];
};

#endif
