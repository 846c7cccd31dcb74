/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Runs an XDP program that knows nothing of xslot: the slot names its object file, and the host does the
 * rest. */
#include <xslot/plugin.h>

XSLOT_PLUGIN(object,
	.version = "1.0.0",
	.summary = "run one program of any XDP object file, unmodified");

/* What the host knows it by: no object of its own, one from the slot. */
__attribute__((section(".xslot.object"), used)) static const char object[] = "slot";
