/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libxdp as its users have it: xdp_program__attach_multi() loads its dispatcher, loads and attaches the
 * plugins as extensions, and attaches to an interface. That one is lo, so run this in a network namespace.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <xdp/libxdp.h>

#include "shape.h"

#define LOOPBACK 1

static int open_program(const struct workload *workload, unsigned place, struct xdp_program **ret_program)
{
	struct xdp_program *program = xdp_program__open_file(workload->file, "xdp", NULL);
	int r = (int)libxdp_get_error(program);

	if (r)
		return r;
	*ret_program = program;
	r = xdp_program__set_run_prio(program, place + 1);
	return r < 0 || !workload->prepare ? r : workload->prepare(xdp_program__bpf_obj(program));
}

int shape_build_libxdp(const struct workload *workload, unsigned n, struct shape_chain *chain)
{
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++)
		r = open_program(workload, i, &chain->programs[i]);
	if (r == 0)
		r = xdp_program__attach_multi(chain->programs, n, LOOPBACK, XDP_MODE_SKB, 0);
	if (r < 0)
		return r;
	chain->multiprog = xdp_multiprog__get_from_ifindex(LOOPBACK);
	r = (int)libxdp_get_error(chain->multiprog);
	if (r < 0) {
		chain->multiprog = NULL;
		return r;
	}
	/* Alone, and without a dispatcher, it would be another shape's figure. */
	if (xdp_multiprog__is_legacy(chain->multiprog) ||
		xdp_multiprog__program_count(chain->multiprog) != (int)n)
		return -ENOTSUP;
	for (unsigned i = 0; i < n && r == 0 && workload->start; i++)
		r = workload->start(xdp_program__bpf_obj(chain->programs[i]), "");
	chain->fd = xdp_program__fd(xdp_multiprog__main_prog(chain->multiprog));
	return r;
}

void shape_deinit_libxdp(struct shape_chain *chain)
{
	if (chain->multiprog)
		xdp_multiprog__detach(chain->multiprog);
	xdp_multiprog__close(chain->multiprog);
	for (size_t i = 0; i < SHAPE_MOST; i++)
		xdp_program__close(chain->programs[i]);
}
