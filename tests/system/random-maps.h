/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a random plugin uses: maps, and in one of them programs. All asserts that it works. */
#ifndef TESTS_RANDOM_MAPS_H
#define TESTS_RANDOM_MAPS_H

#include "random-plugin.h"

void random_maps_make(int ret_maps[RANDOM_MAPS]);
void random_maps_close(const int maps[RANDOM_MAPS]);

/* The plugin's instructions, with these maps in them. */
void random_maps_use(const struct random_plugin *plugin, const int maps[RANDOM_MAPS],
	struct bpf_insn ret_insns[RANDOM_INSNS_MAX]);

void random_targets_load(int ret_targets[RANDOM_TARGETS]);

/* After a program that uses the array was loaded. 0, or -errno: such programs may not tail-call. */
int random_targets_put(const int targets[RANDOM_TARGETS], const int maps[RANDOM_MAPS]);

#endif
