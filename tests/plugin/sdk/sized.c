/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin whose maps have the sizes that its slot asks for: by a number, by a file, and by check. */
#include <xslot/map.h>

#include "sized.bpf.h"

static int check(struct xslot_context *context)
{
	const struct xslot_value *most = xslot_value(context, "most");

	return xslot_map_entries(context, "twice", most->number ? 2 * (uint32_t)most->number : 1);
}

static int start(struct xslot_context *context)
{
	return xslot_map_entries(context, "twice", 1) == -EBUSY ? 0 : -EINVAL;
}

static int status(struct xslot_context *context)
{
	static const char *const maps[] = { "lengths", "names", "twice" };
	struct xslot_map_info info;

	for (int i = 0; i < 3; i++) {
		int r = xslot_map_info(context, maps[i], &info);

		if (r < 0)
			return r;
		xslot_status(context, maps[i], "%u of %u bytes", info.max_entries, info.value_size);
	}
	return xslot_old_map_info(context, "lengths", &info) == -ENOENT ? 0 : -EINVAL;
}

XSLOT_PARAMS({ "most", XSLOT_UINT, "packet lengths to count", .fallback = "2", XSLOT_AT_MOST(1000000) },
	{ "common", XSLOT_UINT, "rows that all slots share", .fallback = "1", XSLOT_AT_MOST(1000) },
	{ "list", XSLOT_FILE, "a line for each name", .required = 1 });

XSLOT_PLUGIN(sized, .version = "1.0.0", .summary = "count packets of each length", XSLOT_BPF(sized),
	.check = check, .start = start, .status = status);
