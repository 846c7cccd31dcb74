/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The user-space side of scaffold: its name and parameters, and its keys in `xslotctl status`. */
#include <inttypes.h>
#include <xslot/counter.h>
#include <xslot/plugin.h>

#include "scaffold.bpf.h" /* generated: the bytes of the compiled scaffold.bpf.c */
#include "scaffold.h"

static int status(struct xslot_context *context)
{
	uint64_t passed = 0, dropped = 0, unknown = 0;
	int r;

	r = xslot_counter(context, "totals", SCAFFOLD_PASSED, &passed);
	if (r == 0)
		r = xslot_counter(context, "totals", SCAFFOLD_DROPPED, &dropped);
	if (r == 0)
		r = xslot_counter(context, "totals", SCAFFOLD_UNKNOWN, &unknown);
	if (r < 0)
		return r;
	xslot_status(context, "passed", "%" PRIu64 " packets", passed);
	xslot_status(context, "dropped", "%" PRIu64 " packets", dropped);
	xslot_status(context, "unreadable", "%" PRIu64 " packets, dropped", unknown);
	return 0;
}

XSLOT_PARAMS({ "drop_port", XSLOT_UINT, "TCP or UDP port; 0: none", XSLOT_AT_MOST(65535) });

XSLOT_PLUGIN(scaffold,
	.version = "0.1.0",
	.summary = "drop what goes to one port",
	XSLOT_BPF(scaffold),
	.status = status);
