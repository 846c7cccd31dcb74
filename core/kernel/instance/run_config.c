/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An object file made for libxdp says in its BTF, in a section that is never loaded, which verdicts let the
 * next program run. That encoding belongs to libxdp and has changed before: so libxdp reads it, and nothing
 * else of libxdp is used here. Reading makes no system calls, and leaves the object unchanged.
 */
#include "kernel/instance/run_config.h"

#include <linux/bpf.h>
#include <xdp/libxdp.h>
#include <xslot/slots.h>

static int silent(enum libxdp_print_level level, const char *format, va_list args)
{
	return 0;
}

uint32_t run_config_proceed(struct bpf_object *object, const char *program)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object, .prog_name = program);
	libxdp_print_fn_t previous;
	struct xdp_program *xdp;
	uint32_t proceed = 0;

	previous = libxdp_set_print(silent);
	xdp = xdp_program__create(&options);
	libxdp_set_print(previous);
	if (libxdp_get_error(xdp))
		return 1u << XDP_PASS;
	for (unsigned action = 0; action < XSLOT_ACTIONS; action++)
		if (xdp_program__chain_call_enabled(xdp, action))
			proceed |= 1u << action;
	xdp_program__close(xdp);
	return proceed;
}
