/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_TRAIL_BPF_H
#define TESTS_TRAIL_BPF_H

#include <xslot/slot.bpf.h>

#include "trail.h"

/* The packet's trail, or NULL. */
static __always_inline __be32 *trail_of(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;

	return data + TRAIL_FRAME > data_end ? NULL : data + TRAIL_OFFSET;
}

#endif
