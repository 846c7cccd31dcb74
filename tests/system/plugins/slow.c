/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that holds every packet up, so that a swap finds packets on their way through the chain: without
 * one in front, a host that swaps wrongly gets away with it. Comes in two builds.
 */
#include <xslot/plugin.h>

#include HEADER /* generated: slow-vN.bpf.h */

XSLOT_PARAMS({ "reads", XSLOT_UINT, "readings of the clock a packet", XSLOT_AT_MOST(4000) },
	{ "clear", XSLOT_BOOL, "begin a new trail" });

XSLOT_PLUGIN(slow, .version = VERSION, .summary = "hold every packet up", XSLOT_BPF(slow));
