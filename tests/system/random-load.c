/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* See random-load.h. XSLOT_FUSE_LOG in the environment: what the verifier says of those that it refuses. */
#include "random-load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static struct btf *make_types(const struct random_plugin *plugin, struct bpf_func_info *ret_functions)
{
	struct btf *btf = btf__new_empty();
	int integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int pointer = btf__add_ptr(btf, btf__add_struct(btf, "xdp_md", sizeof(struct xdp_md)));
	int proto = btf__add_func_proto(btf, integer);
	int main, subprogram;

	assert_int_equal(btf__add_func_param(btf, "ctx", pointer), 0);
	main = btf__add_func(btf, "random", BTF_FUNC_GLOBAL, proto);
	proto = btf__add_func_proto(btf, integer);
	subprogram = btf__add_func(btf, "subprogram", BTF_FUNC_STATIC, proto);
	assert_int_equal(btf__load_into_kernel(btf), 0);
	for (size_t i = 0; i < plugin->n_functions; i++)
		ret_functions[i] = (struct bpf_func_info){ .insn_off = plugin->functions[i],
			.type_id = (uint32_t)(i ? subprogram : main) };
	return btf;
}

static void show_log(enum bpf_prog_type type, const struct random_plugin *plugin,
	const struct bpf_insn *insns, struct bpf_prog_load_opts *options)
{
	static char log[1 << 20];

	options->log_buf = log;
	options->log_size = sizeof(log);
	options->log_level = 1;
	bpf_prog_load(type, "random", "GPL", insns, plugin->n_insns, options);
	print_message("%s\n", log + (strlen(log) > 600 ? strlen(log) - 600 : 0));
}

int random_load(const struct random_plugin *plugin, const struct bpf_insn *insns,
	const struct random_stub *stub, int *ret_btf_fd)
{
	enum bpf_prog_type type = stub ? BPF_PROG_TYPE_EXT : BPF_PROG_TYPE_XDP;
	struct bpf_func_info functions[RANDOM_FUNCTIONS_MAX];
	struct btf *btf = make_types(plugin, functions);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .func_info = functions,
		.func_info_cnt = (uint32_t)plugin->n_functions, .func_info_rec_size = sizeof(functions[0]),
		.prog_btf_fd = (uint32_t)btf__fd(btf));
	int fd;

	if (stub) {
		options.attach_btf_id = stub->function;
		options.attach_prog_fd = (uint32_t)stub->program_fd;
	}
	fd = bpf_prog_load(type, "random", "GPL", insns, plugin->n_insns, &options);
	if (fd < 0 && getenv("XSLOT_FUSE_LOG"))
		show_log(type, plugin, insns, &options);
	if (fd >= 0 && ret_btf_fd)
		*ret_btf_fd = fcntl(btf__fd(btf), F_DUPFD_CLOEXEC, 0);
	btf__free(btf);
	return fd;
}
