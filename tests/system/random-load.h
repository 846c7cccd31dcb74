/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A random plugin in the kernel. */
#ifndef TESTS_RANDOM_LOAD_H
#define TESTS_RANDOM_LOAD_H

#include "random-plugin.h"

/* What an extension replaces; NULL: an XDP program. */
struct random_stub {
	int program_fd;
	uint32_t function;
};

/*
 * Load it with types: int random(struct xdp_md *ctx), and static int subprogram() for its other functions.
 * `insns`: its own with maps in them. A descriptor, or -1 and errno. `ret_btf_fd`: the types', the caller's;
 * NULL: not wanted.
 */
int random_load(const struct random_plugin *plugin, const struct bpf_insn *insns,
	const struct random_stub *stub, int *ret_btf_fd);

#endif
