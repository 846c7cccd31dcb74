/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The state of scaffold: if it changes, so does what a reload carries over. */
#ifndef PLUGIN_SCAFFOLD_H
#define PLUGIN_SCAFFOLD_H

#include <linux/types.h>

#define SCAFFOLD_SOURCES 65536 /* beyond that those not seen for long are forgotten */

struct scaffold_source {
	__u8 address[16]; /* IPv4 in the first four; the rest is 0 */
	__u32 family;	  /* 4 or 6 */
};

struct scaffold_seen {
	__u64 packets;
};

#endif
