/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The ways to run n plugins on a packet that the benchmarks set side by side. */
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/extension.h>

#include "kernel/dispatcher/dispatcher.h"
#include "kernel/fuse/fuse.h"
#include "workload.h"

#define SHAPE_MOST 32

/* n plugins, ready to be run. Zeroed before it is built. */
struct shape_chain {
	int fd; /* the program to run; owned by what follows */
	struct bpf_object *objects[SHAPE_MOST + 1];
	struct bpf_link *links[SHAPE_MOST];
	struct dispatcher *dispatcher;
	struct fused *fused;
	struct xslot_link *fused_link;
	struct xdp_program *programs[SHAPE_MOST];
	struct xdp_multiprog *multiprog;
	struct xslot_diag diag;
};

enum shape_where {
	SHAPE_ANYWHERE,
	SHAPE_EXTENSIONS, /* only where the kernel allows extensions */
	SHAPE_STAND_IN,	  /* says something of what cannot be had where it refuses them */
};

struct shape {
	const char *name;
	enum shape_where where;
	unsigned most; /* plugins */
	/* -errno, perhaps with a sentence in chain->diag. What is there is freed by shape_deinit() in any
	 * case. */
	int (*build)(const struct workload *workload, unsigned n, struct shape_chain *chain);
};

extern const struct shape shapes[];
extern const size_t n_shapes;

const struct shape *shape_find(const char *name); /* NULL: there is none */
void shape_deinit(struct shape_chain *chain);

/* libxdp's part: shape-libxdp.c. */
int shape_build_libxdp(const struct workload *workload, unsigned n, struct shape_chain *chain);
void shape_deinit_libxdp(struct shape_chain *chain);

#endif
