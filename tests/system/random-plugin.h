/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Plugins made up from a number: valid BPF that does as many different things as may matter to fusing. */
#ifndef TESTS_RANDOM_PLUGIN_H
#define TESTS_RANDOM_PLUGIN_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#define RANDOM_INSNS_MAX 2048
#define RANDOM_FUNCTIONS_MAX 4
#define RANDOM_STATEMENTS_MAX 24

/* What the kernel has. */
#define RANDOM_LOOPS 1U	     /* bpf_loop() */
#define RANDOM_TAIL_CALLS 2U /* of extensions */

/* Its maps are numbers until random_maps_use(): a value of 64 bytes, an array of 8, a hash, programs. */
enum { RANDOM_VALUE, RANDOM_ARRAY, RANDOM_HASH, RANDOM_PROGRAMS, RANDOM_MAPS };

/* Programs that it may tail-call, at the first places of their array, which has one place more. */
#define RANDOM_TARGETS 3

struct random_plugin {
	struct bpf_insn insns[RANDOM_INSNS_MAX];
	size_t n_insns;
	uint32_t functions[RANDOM_FUNCTIONS_MAX]; /* where they start; the main program first */
	size_t n_functions;
};

/* xorshift64*: the same everywhere. */
uint32_t random_next(uint64_t *state);
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	return random_next(state) % n;
}

/*
 * The same seed gives the same plugin; with fewer statements, one that does the first of them. `features`:
 * RANDOM_*.
 */
void random_plugin_make(
	uint64_t seed, unsigned statements, unsigned features, struct random_plugin *ret_plugin);

#endif
