/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the benchmarks run: a plugin with its parameters and rules, as often as they want it. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* A plugin that lets the benchmark's packet go on to the next. Its program bears its name. */
struct workload {
	const char *name;
	const char *file;			   /* its object */
	const char *merged;			   /* many of it in one program: see merge */
	int (*prepare)(struct bpf_object *object); /* before it is loaded; or NULL */
	/* After it was loaded: fill maps whose names end in `suffix`; or NULL. */
	int (*start)(struct bpf_object *object, const char *suffix);
};

extern const struct workload workloads[];
extern const size_t n_workloads;

const struct workload *workload_find(const char *name); /* NULL: there is none */

/* Set a `const volatile` variable of an object that is not loaded. */
int workload_set(struct bpf_object *object, const char *variable, const void *value, size_t size);

/*
 * Open `file` so that of all programs only `program` is loaded, prepared for the workload. -errno, and no
 * object, after which there is nothing to close.
 */
int workload_open(const struct workload *workload, const char *file, const char *program,
	struct bpf_object **ret_object, struct bpf_program **ret_program);

/*
 * What a packet costs in test runs of a program: instructions where XSLOT_CLOCK says that the clock counts
 * them, else nanoseconds, the least of several runs. -errno; -EPROTO when the packet was not passed.
 */
int workload_cost(int program_fd);

#endif
