/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The user-space side of scaffold, in C++20. Fields of a descriptor stand in the order of their struct, and
 * no exception may leave a callback: the host is written in C.
 */
#include <cinttypes>
#include <cstdint>
#include <exception>
#include <string>

#include <xslot/counter.h>
#include <xslot/plugin.h>

#include "scaffold.bpf.h" // generated: the bytes of the compiled scaffold.bpf.c
#include "scaffold.h"

namespace
{
const std::string names[SCAFFOLD_ROWS] = { "other", "IPv4", "IPv6" };

int report(xslot_context *context)
{
	std::uint64_t n = 0;

	for (std::uint32_t row = 0; row < SCAFFOLD_ROWS; row++) {
		if (int r = xslot_counter(context, "totals", row, &n))
			return r;
		xslot_status(context, (names[row] + " packets").c_str(), "%" PRIu64, n);
	}
	return 0;
}

int status(xslot_context *context)
{
	try {
		return report(context);
	} catch (const std::exception &) {
		return -ENOMEM;
	}
}
} // namespace

XSLOT_PARAMS({ .name = "drop_rest",
	.type = XSLOT_BOOL,
	.help = "drop packets that are neither IPv4 nor IPv6",
	.fallback = "no" });

XSLOT_PLUGIN(scaffold,
	.version = "0.1.0",
	.summary = "count packets by family",
	XSLOT_BPF(scaffold),
	.status = status);
