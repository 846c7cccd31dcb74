/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What count.bpf.c and count.c share: the rows of the map `counts`. */
#ifndef COUNT_H
#define COUNT_H

#include <linux/types.h>

/* Rows 0 to 255 are the IP protocols by their number, IPv4 and IPv6 together. */
#define COUNT_ARP 256
#define COUNT_OTHER 257
#define COUNT_KINDS 258

struct count {
	__u64 packets;
	__u64 bytes;
};

#endif
