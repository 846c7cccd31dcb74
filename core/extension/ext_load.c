/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf lets a section's handler change the attributes that it is about to pass to the kernel, and that is
 * the only way to set attach_btf_id without a look-up. So the sections of XDP programs get our handlers,
 * which behave as libbpf's own until a load needs otherwise. Only then does the handler also make the program
 * an extension, since a change of type removes the handler.
 */
#include "extension/ext_load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <string.h>

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

/* What this thread is loading. */
static _Thread_local struct {
	const struct bpf_program *program; /* NULL: nothing */
	int target_fd;
	uint32_t btf_id;
	bool prepared;
} loading;

/*
 * NULL: every section that libbpf knows nothing of; it would refuse those, which we never let it. The types
 * are what libbpf takes a section for, so that an object's other programs stay what they are.
 */
static const struct handler {
	const char *section;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	uint32_t flags;
} handlers[] = {
	{ "xdp", BPF_PROG_TYPE_XDP, BPF_XDP, 0 },
	{ "xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS },
	{ "freplace+", BPF_PROG_TYPE_EXT, 0, 0 },
	{ "tc", BPF_PROG_TYPE_SCHED_CLS, 0, 0 },
	{ "classifier", BPF_PROG_TYPE_SCHED_CLS, 0, 0 },
	{ "action", BPF_PROG_TYPE_SCHED_ACT, 0, 0 },
	{ "socket", BPF_PROG_TYPE_SOCKET_FILTER, 0, 0 },
	{ NULL, BPF_PROG_TYPE_XDP, 0, 0 },
};

#define N_HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

static bool registered;

static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long flags)
{
	if (program != loading.program) {
		options->prog_flags |= (uint32_t)flags;
		return 0;
	}
	options->expected_attach_type = 0;
	options->attach_prog_fd = (uint32_t)loading.target_fd;
	options->attach_btf_id = loading.btf_id;
	loading.prepared = true;
	return bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
}

static void register_sections(void)
{
	registered = true;
	for (size_t i = 0; i < N_HANDLERS; i++) {
		const struct handler *handler = &handlers[i];
		LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare,
			.cookie = handler->flags);

		if (libbpf_register_prog_handler(handler->section, handler->type, handler->attach, &options) <
			0)
			registered = false; /* each load then asks the kernel, and says so if it may not */
	}
}

void ext_load_register(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_sections);
}

bool ext_load_can(const struct bpf_program *program)
{
	static const char *const others[] = { "xdp/devmap", "xdp/cpumap", "xdp.frags/devmap",
		"xdp.frags/cpumap" };
	const char *section = bpf_program__section_name(program);
	enum bpf_prog_type type = bpf_program__type(program);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(section, others[i]) == 0)
			return false;
	for (size_t i = 0; i < N_HANDLERS; i++)
		if (handlers[i].section && strcmp(section, handlers[i].section) == 0)
			return registered;
	return registered && (type == BPF_PROG_TYPE_XDP || type == BPF_PROG_TYPE_EXT);
}

int ext_load(struct bpf_object *object, struct bpf_program *program, int target_fd, uint32_t btf_id)
{
	int r;

	loading.prepared = false;
	loading.program = program;
	loading.target_fd = target_fd;
	loading.btf_id = btf_id;
	r = bpf_object__load(object);
	loading.program = NULL;
	return r == 0 && !loading.prepared ? -EINVAL : r; /* then it is loaded as something else */
}
