/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin that counts packets by their trail (trail.h); status has one key for each trail that was seen. */
#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <xslot/plugin.h>

#include HEADER /* generated: classify-vN.bpf.h */

static int status(struct xslot_context *context)
{
	int fd = xslot_map_fd(context, "trails");
	uint32_t key, *last = NULL;
	uint64_t count;
	char name[16];

	while (bpf_map_get_next_key(fd, last, &key) == 0) {
		last = &key;
		if (bpf_map_lookup_elem(fd, &key, &count) < 0)
			continue;
		snprintf(name, sizeof(name), "%x", key);
		xslot_status(context, name, "%" PRIu64, count);
	}
	return 0;
}

XSLOT_PARAMS({ "drop", XSLOT_BOOL, "drop the packet then", .fallback = "no" });

XSLOT_PLUGIN(classify, .version = VERSION, .summary = "count packets by their trail", XSLOT_BPF(classify),
	.status = status);
