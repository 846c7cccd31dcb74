/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The result of a packet, as lines. */
#ifndef XSLOT_TEST_SHOW_H
#define XSLOT_TEST_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "rig.h"

#define SHOW_VERDICT 96

/* "drop", "drop by 20" in a longer chain, "next", or the chain's final when it is a `whole` one. */
void show_verdict(const struct rig *rig, bool whole, const struct rig_result *result,
	char ret_text[static SHOW_VERDICT]);

bool show_is_changed(const struct packet *before, const struct packet *after);

/*
 * The metadata that it has now, and the bytes that are others; of a packet with another length all of them.
 * Nothing when nothing changed.
 */
void show_changes(const struct packet *before, const struct packet *after, FILE *out);

#endif
