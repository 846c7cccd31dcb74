/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel decides what may be replaced, but returns EINVAL, or "doesn't exist", for many different
 * mistakes. So we check first, using the same two sources: the BTF of the loaded program, and its func_info,
 * which lists the functions that are really in the code (the verifier drops a function that nothing calls,
 * but its BTF stays). BTF is found by id, and look-ups by id need CAP_SYS_ADMIN; so a caller that has the
 * types passes them.
 */
#include "extension/program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "extension/bpffs.h"
#include "extension/btf_read.h"
#include "extension/permission.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct program *, program_close);

static int read_functions(struct program *program, const struct bpf_prog_info *counts)
{
	CLEANUP(free) char *records = NULL;
	struct bpf_prog_info info = {
		.nr_func_info = counts->nr_func_info,
		.func_info_rec_size = counts->func_info_rec_size,
	};
	uint32_t size = sizeof(info);

	if (!info.nr_func_info || info.func_info_rec_size < sizeof(struct bpf_func_info))
		return 0;
	records = calloc(info.nr_func_info, info.func_info_rec_size);
	program->functions = calloc(info.nr_func_info, sizeof(*program->functions));
	if (!records || !program->functions)
		return -ENOMEM;
	info.func_info = (uintptr_t)records;
	if (bpf_obj_get_info_by_fd(program->fd, &info, &size) < 0)
		return -errno;
	program->n_functions =
		info.nr_func_info < counts->nr_func_info ? info.nr_func_info : counts->nr_func_info;
	for (size_t i = 0; i < program->n_functions; i++) {
		const struct bpf_func_info *record = (const void *)(records + i * counts->func_info_rec_size);

		program->functions[i] = record->type_id;
	}
	return 0;
}

struct btf *program_read_types(int btf_fd)
{
	struct bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	CLEANUP(free) void *bytes = NULL;

	if (bpf_obj_get_info_by_fd(btf_fd, &info, &size) < 0 || !(bytes = malloc(info.btf_size + 1)))
		return NULL;
	info = (struct bpf_btf_info){ .btf = (uintptr_t)bytes, .btf_size = info.btf_size };
	size = sizeof(info);
	if (bpf_obj_get_info_by_fd(btf_fd, &info, &size) < 0)
		return NULL;
	return btf__new(bytes, info.btf_size);
}

static int copy_types(struct program *program, const struct btf *types, struct xslot_diag *diag)
{
	uint32_t size;
	const void *bytes = btf__raw_data(types, &size);

	program->btf = bytes ? btf__new(bytes, size) : NULL;
	return program->btf ? 0
			    : fail(diag, -errno, "cannot copy the types of program %s (id %u): %s",
				      program->name, program->id, strerror(errno));
}

static int read_btf(struct program *program, const struct bpf_prog_info *info, const struct btf *types,
	struct xslot_diag *diag)
{
	char why[PERMISSION_TEXT];

	if (!info->btf_id)
		return fail(diag, -ENODATA,
			"program %s (id %u) has no BTF, which names the functions that can be replaced: compile it with clang -g and load it with libbpf",
			program->name, program->id);
	if (types)
		return copy_types(program, types, diag);
	program->btf = btf__load_from_kernel_by_id(info->btf_id);
	if (program->btf)
		return 0;
	if (errno != EPERM)
		return fail(diag, -errno, "cannot read the BTF of program %s (id %u): %s", program->name,
			program->id, strerror(errno));
	permission_explain(why, true);
	return fail(diag, -EPERM, "cannot read the BTF of program %s (id %u): %s", program->name, program->id,
		why);
}

static const char *function_name(const struct program *program, uint32_t id, bool *ret_global)
{
	const struct btf_type *type = btf__type_by_id(program->btf, id);

	if (!type || !btf_is_func(type))
		return "";
	*ret_global = btf_vlen(type) == BTF_FUNC_GLOBAL;
	return btf_read_name(program->btf, type->name_off);
}

/* Given types may be another program's: then an id of a function means something else in them. */
static bool are_its_types(const struct program *program)
{
	bool global;

	for (size_t i = 0; i < program->n_functions; i++)
		if (!*function_name(program, program->functions[i], &global))
			return false;
	/* The kernel cuts a name. */
	return !program->n_functions || strncmp(function_name(program, program->functions[0], &global),
						program->name, sizeof(program->name) - 1) == 0;
}

static int open_as(
	int fd, struct program **ret_program, struct bpf_prog_info *ret_info, struct xslot_diag *diag)
{
	CLEANUP(program_close) struct program *program = calloc(1, sizeof(*program));
	uint32_t size = sizeof(*ret_info);
	char why[PERMISSION_TEXT];
	int r;

	if (!program)
		return fail(diag, -ENOMEM, "out of memory");
	program->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* never 0: that means "none" to the kernel */
	if (program->fd < 0)
		return fail(diag, -errno, "file descriptor %d is not a BPF program: %s", fd, strerror(errno));
	r = bpffs_kind(fd);
	if (r < 0)
		return fail(diag, r, "cannot see what file descriptor %d is: /proc/self/fd: %s", fd,
			strerror(-r));
	if (r != BPFFS_PROGRAM)
		return fail(diag, -EINVAL, "file descriptor %d is not a BPF program", fd);
	*ret_info = (struct bpf_prog_info){};
	if (bpf_obj_get_info_by_fd(program->fd, ret_info, &size) < 0) {
		int error = errno;

		/* before 5.11 all of bpf() may be closed to the unprivileged */
		permission_explain(why, true);
		return fail(diag, -error, "cannot look at the program behind file descriptor %d: %s", fd,
			error == EPERM ? why : strerror(error));
	}
	program->id = ret_info->id;
	program->type = ret_info->type;
	memcpy(program->name, ret_info->name, sizeof(program->name));
	*ret_program = TAKE_PTR(program);
	return 0;
}

int program_open_bare(int fd, struct program **ret_program, struct xslot_diag *diag)
{
	return open_as(fd, ret_program, &(struct bpf_prog_info){}, diag);
}

int program_open(int fd, const struct btf *types, struct program **ret_program, struct xslot_diag *diag)
{
	CLEANUP(program_close) struct program *program = NULL;
	struct bpf_prog_info info;
	int r;

	r = open_as(fd, &program, &info, diag);
	if (r == 0)
		r = read_btf(program, &info, types, diag);
	if (r < 0)
		return r;
	r = read_functions(program, &info);
	if (r < 0)
		return fail(diag, r, "cannot list the functions of program %s (id %u): %s", program->name,
			program->id, strerror(-r));
	if (types && !are_its_types(program))
		return fail(diag, -EINVAL, "program %s (id %u) was loaded with other types than these",
			program->name, program->id);
	*ret_program = TAKE_PTR(program);
	return 0;
}

void program_close(struct program *program)
{
	if (!program)
		return;
	if (program->fd >= 0)
		close(program->fd);
	btf__free(program->btf);
	free(program->functions);
	free(program);
}

/* "a, b, c and 64 more", as many as fit. */
static void list_functions(const struct program *program, char *text, size_t size)
{
	size_t used = 0, left_out = 0;

	text[0] = 0;
	for (size_t i = 0; i < program->n_functions; i++) {
		bool global = false;
		const char *name = function_name(program, program->functions[i], &global);

		if (!global)
			continue;
		if (used + strlen(name) + 24 > size)
			left_out++;
		else
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
	}
	if (left_out)
		snprintf(text + used, size - used, " and %zu more", left_out);
	else if (!used)
		snprintf(text, size, "none");
}

int program_find_function(
	const struct program *program, const char *function, uint32_t *ret_btf_id, struct xslot_diag *diag)
{
	const char *why = "it has no such function";
	char list[512];

	for (size_t i = 0; i < program->n_functions; i++) {
		bool global = false;

		if (strcmp(function_name(program, program->functions[i], &global), function) != 0)
			continue;
		if (global) {
			*ret_btf_id = program->functions[i];
			return 0;
		}
		why = "the function is static there, and only global ones can be replaced";
		break;
	}
	if (btf__find_by_name_kind(program->btf, function, BTF_KIND_FUNC) > 0 && why[0] == 'i')
		why = "nothing calls the function there, so the verifier dropped it";
	list_functions(program, list, sizeof(list));
	return fail(diag, -ENOENT, "%s; functions that can be replaced: %s", why, list);
}

const char *program_context(enum bpf_prog_type type)
{
	static const char *const contexts[] = {
		[BPF_PROG_TYPE_SOCKET_FILTER] = "__sk_buff",
		[BPF_PROG_TYPE_SCHED_CLS] = "__sk_buff",
		[BPF_PROG_TYPE_SCHED_ACT] = "__sk_buff",
		[BPF_PROG_TYPE_XDP] = "xdp_md",
		[BPF_PROG_TYPE_CGROUP_SKB] = "__sk_buff",
		[BPF_PROG_TYPE_CGROUP_SOCK] = "bpf_sock",
		[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = "bpf_sock_addr",
		[BPF_PROG_TYPE_LWT_IN] = "__sk_buff",
		[BPF_PROG_TYPE_LWT_OUT] = "__sk_buff",
		[BPF_PROG_TYPE_LWT_XMIT] = "__sk_buff",
		[BPF_PROG_TYPE_LWT_SEG6LOCAL] = "__sk_buff",
		[BPF_PROG_TYPE_SOCK_OPS] = "bpf_sock_ops",
		[BPF_PROG_TYPE_SK_SKB] = "__sk_buff",
		[BPF_PROG_TYPE_SK_MSG] = "sk_msg_md",
		[BPF_PROG_TYPE_FLOW_DISSECTOR] = "__sk_buff",
		[BPF_PROG_TYPE_KPROBE] = "pt_regs",
		[BPF_PROG_TYPE_PERF_EVENT] = "bpf_perf_event_data",
		[BPF_PROG_TYPE_CGROUP_DEVICE] = "bpf_cgroup_dev_ctx",
		[BPF_PROG_TYPE_CGROUP_SYSCTL] = "bpf_sysctl",
		[BPF_PROG_TYPE_CGROUP_SOCKOPT] = "bpf_sockopt",
		[BPF_PROG_TYPE_SK_REUSEPORT] = "sk_reuseport_md",
		[BPF_PROG_TYPE_SK_LOOKUP] = "bpf_sk_lookup",
	};

	return (size_t)type < sizeof(contexts) / sizeof(contexts[0]) ? contexts[type] : NULL;
}
