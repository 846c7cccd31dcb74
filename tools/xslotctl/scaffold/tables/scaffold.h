/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What scaffold.bpf.c and scaffold.c share: the key of the table. */
#ifndef PLUGIN_SCAFFOLD_H
#define PLUGIN_SCAFFOLD_H

#include <linux/types.h>

#define SCAFFOLD_PREFIXES 65536

/* Both families in one table: the family is the first word of each prefix. */
struct scaffold_key {
	__u32 length;	  /* bits that count, from `family` on: 32 and the prefix's */
	__u32 family;	  /* 4 or 6 */
	__u8 address[16]; /* IPv4 in the first four */
};

#endif
