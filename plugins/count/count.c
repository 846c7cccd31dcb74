/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The user-space side of count: its name and version, and its keys in `xslotctl status`. */
#include <inttypes.h>
#include <stdio.h>
#include <xslot/counter.h>
#include <xslot/plugin.h>

#include "count.bpf.h" /* generated: the bytes of the compiled count.bpf.c */
#include "count.h"

static const char *const names[COUNT_KINDS] = {
	[1] = "icmp",
	[6] = "tcp",
	[17] = "udp",
	[58] = "icmp6",
	[COUNT_ARP] = "arp",
	[COUNT_OTHER] = "other",
};

static void report(struct xslot_context *context, unsigned kind, const uint64_t sums[2])
{
	char number[16];
	const char *name = names[kind];

	if (!name) {
		snprintf(number, sizeof(number), "protocol-%u", kind);
		name = number;
	}
	xslot_status(context, name, "%" PRIu64 " packets, %" PRIu64 " bytes", sums[0], sums[1]);
}

static int status(struct xslot_context *context)
{
	uint64_t sums[2]; /* a struct count */
	int r;

	for (unsigned kind = 0; kind < COUNT_KINDS; kind++) {
		r = xslot_sum(context, "counts", &kind, sums, 2);
		if (r < 0)
			return r;
		if (sums[0] > 0)
			report(context, kind, sums);
	}
	return 0;
}

XSLOT_PLUGIN(count,
	.version = "1.0.0",
	.summary = "count packets and bytes by protocol",
	XSLOT_BPF(count),
	.status = status);
