/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <inttypes.h>
#include <xslot/counter.h>
#include <xslot/number.h>
#include <xslot/plugin.h>

#include "rewrite.bpf.h"
#include "rewrite.h"

static int status(struct xslot_context *context)
{
	static const char *const names[REWRITE_ROWS] = { "IPv4", "IPv6", "port", "not understood" };

	for (uint32_t row = 0; row <= REWRITE_ROWS; row++) {
		uint64_t n = 0;
		int r = xslot_counter(context, "rewritten", row, &n);

		if (r < 0)
			xslot_status(context, "row", "%u: error %d", row, r);
		else
			xslot_status(context, names[row], "%" PRIu64, n);
	}
	return xslot_status_number(context, &(struct xslot_number){ .name = "port",
						    .value = (int64_t)xslot_value(context, "port")->number,
						    .labels = { { "of", "tcp, udp" } } });
}

XSLOT_PARAMS({ "to4", XSLOT_ADDRESS, "destination of IPv4", .fallback = "203.0.113.9" },
	{ "to6", XSLOT_ADDRESS, "destination of IPv6", .fallback = "2001:db8:9::9" },
	{ "port", XSLOT_UINT, "destination port; 0: as it is", XSLOT_AT_MOST(65535) });

XSLOT_PLUGIN(rewrite,
	.version = "1.0.0",
	.summary = "send packets elsewhere",
	XSLOT_BPF(rewrite),
	.status = status);
