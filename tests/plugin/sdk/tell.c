/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <xslot/message.h>
#include <xslot/plugin.h>

#include "tell.bpf.h"

static int start(struct xslot_context *context)
{
	return xslot_messages_open(context, "messages", (struct xslot_messages **)&context->data);
}

static void stop(struct xslot_context *context)
{
	xslot_messages_close(context->data);
}

XSLOT_PLUGIN(tell,
	.version = "1.0.0",
	.summary = "tell the host's log about packets",
	XSLOT_BPF(tell),
	.start = start,
	.resume = start,
	.stop = stop);
