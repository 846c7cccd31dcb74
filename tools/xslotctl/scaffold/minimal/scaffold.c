/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* scaffold's name and parameters: all that a plugin needs in user space. */
#include <xslot/plugin.h>

#include "scaffold.bpf.h" /* generated: the bytes of the compiled scaffold.bpf.c */

XSLOT_PARAMS(
	{ "longest", XSLOT_UINT, "bytes that a packet may have", .required = 1, XSLOT_RANGE(14, 65535) });

XSLOT_PLUGIN(scaffold, .version = "0.1.0", .summary = "drop packets that are too long", XSLOT_BPF(scaffold));
