/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin in C++: containers, exceptions that stay inside, and the descriptor. */
#include <cinttypes>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include <xslot/chain.h>
#include <xslot/command.h>
#include <xslot/counter.h>
#include <xslot/extension.h>
#include <xslot/file.h>
#include <xslot/number.h>
#include <xslot/plugin.h>

#include "cxx.bpf.h"

namespace
{
struct asked {
	std::map<std::string, uint64_t> times;
};

int check(xslot_context *context)
{
	try {
		if (xslot_value(context, "limit")->number == 13)
			throw std::runtime_error("unlucky");
	} catch (const std::exception &e) {
		return xslot_error(context, "limit", 0, "%s", e.what());
	}
	return 0;
}

int start(xslot_context *context)
{
	xslot_file file;
	uint64_t n;

	xslot_file_open(&file, context, "limit"); /* is not a file: as an empty one */
	if (xslot_file_next(&file) || xslot_file_close(&file) ||
		xslot_counter(context, "totals", 0, &n) != -EACCES)
		return -EPROTO;
	context->data = new (std::nothrow) asked;
	return context->data ? 0 : -ENOMEM;
}

int status(xslot_context *context)
{
	auto *asked = static_cast<struct asked *>(context->data);
	char interface[XSLOT_INTERFACE_NAME];
	xslot_chain_info chain;
	uint64_t n = 0;

	if (int r = xslot_counter(context, "totals", 1, &n))
		return r;
	if (int r = xslot_chain(context, &chain))
		return r;
	xslot_status(context, "chain", "%s, mode %u, %d", chain.name, chain.mode,
		xslot_interface(context, chain.n_interfaces, interface));
	xslot_status(context, "no such row", "%d", xslot_counter(context, "totals", 2, &n));
	xslot_status(context, "two in a row", "%d", xslot_sum(context, "totals", &chain.frags, &n, 2));
	xslot_status(context, "long", "%" PRIu64, n);
	xslot_status(context, "asked", "%" PRIu64, ++asked->times["status"]);
	return 0;
}

int forget(xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	static_cast<struct asked *>(context->data)->times[arguments[0].text] = 0;
	return n == 1 ? 0 : -EINVAL;
}

void stop(xslot_context *context)
{
	delete static_cast<struct asked *>(context->data);
}
} // namespace

XSLOT_PARAMS({ .name = "limit",
	.type = XSLOT_UINT,
	.help = "bytes of a packet that is not long yet",
	.required = 1,
	XSLOT_RANGE(1, 65536) });

XSLOT_COMMANDS({ .name = "forget", .arguments = "STRING", .help = "how often it was asked", .run = forget });

XSLOT_PLUGIN(cxx,
	.version = "1.0.0",
	.summary = "count long packets, in C++",
	XSLOT_BPF(cxx),
	.check = check,
	.start = start,
	.status = status,
	.stop = stop);
