/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The user-space side of ratelimit: its parameters, and what `xslotctl status` says. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <xslot/counter.h>
#include <xslot/plugin.h>

#include "ratelimit.bpf.h"
#include "ratelimit.h"

/* Credit is in billionths: this many units fill 64 bits. */
#define UNITS_MAX 18000000000
#define SOURCES_MAX (1 << 24) /* some 2 GB of buckets */

/* Is the bucket one that packets use today? Those of other parameters are leftovers of a reload. */
static bool source_is_current(struct xslot_context *context, const struct ratelimit_source *source)
{
	uint64_t length = 0;

	if (source->family == 4)
		length = xslot_value(context, "prefix4")->number;
	else if (source->family == 6)
		length = xslot_value(context, "prefix6")->number;
	return source->length == length && source->unit == xslot_value(context, "unit")->number;
}

static int count_sources(struct xslot_context *context, unsigned *ret_n)
{
	int fd = xslot_map_fd(context, "buckets"), r = fd < 0 ? fd : -ENOMEM;
	uint32_t batch, n = (uint32_t)xslot_value(context, "sources")->number;
	struct ratelimit_bucket *values = calloc(n, sizeof(*values));
	struct ratelimit_source *keys = calloc(n, sizeof(*keys));

	if (fd >= 0 && keys && values) {
		r = bpf_map_lookup_batch(fd, NULL, &batch, keys, values, &n, NULL);
		if (r == -ENOENT)
			r = 0; /* that was all of them */
	}
	if (r == 0) {
		*ret_n = 0;
		for (uint32_t i = 0; i < n; i++)
			*ret_n += source_is_current(context, &keys[i]);
	}
	free(keys);
	free(values);
	return r;
}

static int status(struct xslot_context *context)
{
	uint64_t totals[3]; /* a struct ratelimit_totals */
	unsigned sources = 0;
	uint32_t zero = 0;
	int r = xslot_sum(context, "totals", &zero, totals, 3);

	if (r == 0)
		r = count_sources(context, &sources);
	if (r < 0)
		return r;
	xslot_status(context, "passed", "%" PRIu64 " packets", totals[0]);
	xslot_status(context, "dropped", "%" PRIu64 " packets", totals[1]);
	xslot_status(context, "sources", "%u of %" PRIu64, sources, xslot_value(context, "sources")->number);
	if (totals[2] > 0)
		xslot_status(context, "untracked", "%" PRIu64 " packets", totals[2]);
	return 0;
}

XSLOT_PARAMS({ "rate", XSLOT_UINT, "units per second and source", .required = 1, XSLOT_RANGE(1, UNITS_MAX) },
	{ "burst", XSLOT_UINT, "units at once; default: as many as `rate`", XSLOT_RANGE(1, UNITS_MAX) },
	{ "unit", XSLOT_ENUM, "what a unit is", .fallback = "packets", .words = "packets|bytes" },
	{ "prefix4", XSLOT_UINT, "bits of an IPv4 address that identify a source", .fallback = "32",
		XSLOT_AT_MOST(32) },
	{ "prefix6", XSLOT_UINT, "bits of an IPv6 address that identify a source", .fallback = "64",
		XSLOT_AT_MOST(128) },
	{ "sources", XSLOT_UINT, "buckets; beyond that the least recently seen sources are forgotten",
		.fallback = "65536", XSLOT_RANGE(1, SOURCES_MAX) });

XSLOT_PLUGIN(ratelimit,
	.version = "1.0.0",
	.summary = "limit packets or bytes per second of each source prefix",
	.state_version = 1,
	XSLOT_BPF(ratelimit),
	.status = status);
