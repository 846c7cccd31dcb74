/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A plugin that leaves its mark on every packet; comes in two builds. See trail.h. */
#include <xslot/plugin.h>

#include HEADER /* generated: stamp-vN.bpf.h */

XSLOT_PARAMS({ "id", XSLOT_UINT, "the lower half of the byte", .required = 1, XSLOT_AT_MOST(15) });

XSLOT_PLUGIN(stamp, .version = VERSION, .summary = "append a byte to the packet's trail", XSLOT_BPF(stamp));
