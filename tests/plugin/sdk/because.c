/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <xslot/plugin.h>

#include "because.bpf.h"

XSLOT_PLUGIN(because,
	.version = "1.0.0",
	.summary = "give actions with and without a reason",
	XSLOT_BPF(because));
