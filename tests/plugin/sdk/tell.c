/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A descriptor and nothing else: the host reads the messages. */
#include <xslot/plugin.h>

#include "tell.bpf.h"

XSLOT_PLUGIN(tell, .version = "1.0.0", .summary = "tell the host's log about packets", XSLOT_BPF(tell));
