/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How to count through a change of layout, as xslot-plugin(7) says it: migrate adds what the old rows have,
 * settle what they have more when the old program has stopped. Both add with xslot_map_add(), since the new
 * program counts in the same rows meanwhile, or soon will. The table that only grows is the host's to copy.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <xslot/map.h>

#include HEADER /* generated: tally-vN.bpf.h */
#include "tally.h"

struct copied {
	size_t n_cpus, n_old; /* numbers in an old row */
	uint64_t late;	      /* packets that settle added */
	uint64_t packets[];   /* of each row and CPU */
};

static int add_row(struct xslot_context *context, struct copied *copied, uint32_t row)
{
	uint64_t *old = calloc(copied->n_cpus, copied->n_old * sizeof(*old));
	struct row *more = calloc(copied->n_cpus, sizeof(*more));
	int r = old && more ? bpf_map_lookup_elem(xslot_old_map_fd(context, "rows"), &row, old) : -ENOMEM;

	for (size_t cpu = 0; r == 0 && cpu < copied->n_cpus; cpu++) {
		uint64_t *known = &copied->packets[row * copied->n_cpus + cpu];

		more[cpu].packets = old[cpu * copied->n_old] - *known;
		*known += more[cpu].packets;
		copied->late += more[cpu].packets;
	}
	if (r == 0)
		r = xslot_map_add(context, "rows", &row, (const uint64_t *)more);
	free(old);
	free(more);
	return r;
}

static int add_difference(struct xslot_context *context)
{
	struct copied *copied = context->data;
	int r = 0;

	copied->late = 0;
	for (uint32_t row = 0; r == 0 && row < TALLY_ROWS; row++)
		r = add_row(context, copied, row);
	return r;
}

static int migrate(struct xslot_context *context, uint32_t old_version)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct xslot_map_info info;
	struct copied *copied;

	if (n_cpus < 0)
		return n_cpus;
	if (xslot_old_map_info(context, "rows", &info) < 0 || info.value_size % 8)
		return -EINVAL;
	copied = calloc(1, sizeof(*copied) + TALLY_ROWS * (size_t)n_cpus * sizeof(uint64_t));
	if (!copied)
		return -ENOMEM;
	copied->n_cpus = (size_t)n_cpus;
	copied->n_old = info.value_size / 8;
	context->data = copied;
	return add_difference(context);
}

static int settle(struct xslot_context *context, uint32_t old_version)
{
	return context->data ? add_difference(context) : 0;
}

static uint64_t sum(struct xslot_context *context, const char *map, size_t n_numbers)
{
	int fd = xslot_map_fd(context, map), n_cpus = libbpf_num_possible_cpus();
	uint64_t *cpus = n_cpus > 0 ? calloc((size_t)n_cpus, n_numbers * sizeof(*cpus)) : NULL, packets = 0;

	for (uint32_t row = 0; cpus && row < TALLY_ROWS; row++)
		if (bpf_map_lookup_elem(fd, &row, cpus) == 0)
			for (int cpu = 0; cpu < n_cpus; cpu++)
				packets += cpus[(size_t)cpu * n_numbers];
	free(cpus);
	return packets;
}

static int status(struct xslot_context *context)
{
	const struct copied *copied = context->data;
	uint64_t both = 0;

	xslot_status(context, "rows", "%" PRIu64, sum(context, "rows", sizeof(struct row) / 8));
	xslot_status(context, "table", "%" PRIu64, sum(context, "table", 1));
	bpf_map_lookup_elem(xslot_map_fd(context, "both"), &(uint32_t){ 0 }, &both);
	xslot_status(context, "both", "%" PRIu64, both);
	xslot_status(context, "late", "%" PRIu64, copied ? copied->late : 0);
	return 0;
}

static void stop(struct xslot_context *context)
{
	free(context->data);
}

XSLOT_PARAMS({ "entries", XSLOT_UINT, "of the table", .fallback = "8", XSLOT_RANGE(1, 1000) },
	{ "shared", XSLOT_UINT, "rows of the map that slots share", .fallback = "1", XSLOT_RANGE(1, 1000) });

XSLOT_PLUGIN(tally, .version = VERSION, .summary = "count packets per CPU, across layouts and sizes",
	XSLOT_BPF(tally), .migrate = migrate, .settle = settle, .status = status, .stop = stop);
