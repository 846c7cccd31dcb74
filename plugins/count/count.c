/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The user-space side of count: its name and version, and its keys in `xslotctl status`. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

static void report(struct xslot_context *context, unsigned kind, const struct count *count)
{
	char number[16];
	const char *name = names[kind];

	if (!name) {
		snprintf(number, sizeof(number), "protocol-%u", kind);
		name = number;
	}
	xslot_status(context, name, "%" PRIu64 " packets, %" PRIu64 " bytes", (uint64_t)count->packets,
		(uint64_t)count->bytes);
}

static int status(struct xslot_context *context)
{
	int fd = xslot_map_fd(context, "counts"), n_cpus = libbpf_num_possible_cpus();
	struct count *cpus;

	if (fd < 0 || n_cpus < 0)
		return fd < 0 ? fd : n_cpus;
	cpus = calloc((size_t)n_cpus, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	for (unsigned kind = 0; kind < COUNT_KINDS; kind++) {
		struct count sum = {};

		if (bpf_map_lookup_elem(fd, &kind, cpus) < 0)
			continue;
		for (int i = 0; i < n_cpus; i++) {
			sum.packets += cpus[i].packets;
			sum.bytes += cpus[i].bytes;
		}
		if (sum.packets > 0)
			report(context, kind, &sum);
	}
	free(cpus);
	return 0;
}

XSLOT_PLUGIN(count,
	.version = "1.0.0",
	.summary = "count packets and bytes by protocol",
	XSLOT_BPF(count),
	.status = status);
