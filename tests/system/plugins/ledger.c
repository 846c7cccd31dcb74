/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin whose two builds lay their state out differently, and lose no packet between them: migrate copies
 * while the old build still counts, and settle adds what came after the copy. Both run beside packets that
 * the new build already counts (settle) or soon will, so they add and never write.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xslot/chain.h>
#include <xslot/plugin.h>

#include HEADER /* generated: ledger-vN.bpf.h */
#include "ledger.h"

struct copied {
	uint64_t packets[LEDGER_ROWS];
	uint64_t late; /* what settle added */
};

/* Packets of a row, whichever build it is of: they come first in both. */
static int read_packets(int fd, uint32_t key, uint64_t *ret_packets)
{
	uint64_t row[8] = {};

	if (bpf_map_lookup_elem(fd, &key, row) < 0)
		return -errno;
	*ret_packets = row[0];
	return 0;
}

/* Add to each row what the old map has more than was copied. */
static int add_difference(struct xslot_context *context, struct copied *copied)
{
	int old = xslot_old_map_fd(context, "accounts"), new = xslot_map_fd(context, "accounts"), r = 0;
	struct row *rows =
		mmap(NULL, LEDGER_ROWS * sizeof(*rows), PROT_READ | PROT_WRITE, MAP_SHARED, new, 0);

	if (rows == MAP_FAILED)
		return -errno;
	copied->late = 0;
	for (uint32_t i = 0; r == 0 && i < LEDGER_ROWS; i++) {
		uint64_t packets = 0;

		r = read_packets(old, i, &packets);
		__atomic_fetch_add(&rows[i].packets, packets - copied->packets[i], __ATOMIC_RELAXED);
		copied->late += packets - copied->packets[i];
		copied->packets[i] = packets;
	}
	munmap(rows, LEDGER_ROWS * sizeof(*rows));
	return r;
}

static int migrate(struct xslot_context *context, uint32_t old_version)
{
	context->data = calloc(1, sizeof(struct copied));
	return context->data ? add_difference(context, context->data) : -ENOMEM;
}

static int settle(struct xslot_context *context, uint32_t old_version)
{
	return context->data ? add_difference(context, context->data) : 0;
}

/* Its chain, as today's host has it: the old build of tests/abi knows nothing of that. */
static void tell_chain(struct xslot_context *context)
{
	char name[XSLOT_INTERFACE_NAME], text[256] = "";
	struct xslot_chain_info chain;
	size_t at;

	if (xslot_chain(context, &chain))
		return;
	at = (size_t)snprintf(
		text, sizeof(text), "%s, mode %u, frags %u:", chain.name, chain.mode, chain.frags);
	for (unsigned i = 0; i < chain.n_interfaces && at < sizeof(text); i++)
		if (xslot_interface(context, i, name) == 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", name);
	xslot_status(context, "chain", "%s", text);
}

static int status(struct xslot_context *context)
{
	const struct copied *copied = context->data;
	uint64_t packets = 0, sum = 0;

	for (uint32_t i = 0; i < LEDGER_ROWS; i++) {
		if (read_packets(xslot_map_fd(context, "accounts"), i, &packets) == 0)
			sum += packets;
	}
	xslot_status(context, "packets", "%" PRIu64, sum);
	tell_chain(context);
	xslot_status(context, "late", "%" PRIu64, copied ? copied->late : 0);
	return 0;
}

static void stop(struct xslot_context *context)
{
	free(context->data);
}

XSLOT_PARAMS({ "page", XSLOT_UINT, "any number, to have another instance" });

XSLOT_PLUGIN(ledger, .version = VERSION, .summary = "count packets, across layouts", XSLOT_BPF(ledger),
	.migrate = migrate, .settle = settle, .status = status, .stop = stop);
