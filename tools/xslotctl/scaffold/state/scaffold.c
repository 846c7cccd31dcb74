/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* scaffold's name and parameters. The state lies in scaffold.bpf.c, and the host carries it over. */
#include <xslot/plugin.h>

#include "scaffold.bpf.h" /* generated: the bytes of the compiled scaffold.bpf.c */

XSLOT_PARAMS({ "most", XSLOT_UINT, "packets that a source may send", .required = 1, XSLOT_AT_LEAST(1) });

/*
 * Raise .state_version when what is in `sources` means something else and is laid out as before. When the
 * layout changes the host notices, and the map begins empty, unless there is a .migrate: see xslot-plugin(7).
 */
XSLOT_PLUGIN(scaffold,
	.version = "0.1.0",
	.summary = "let a number of packets of each source through",
	.state_version = 1,
	XSLOT_BPF(scaffold));
