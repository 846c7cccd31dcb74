/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The verifier judges a fused program: if it accepts it, the program does what its parts do, since each
 * part's instructions are unchanged; if it refuses it, the chain runs as slots. So nothing here tries to
 * predict the verifier; it only refuses programs that would load and do something else.
 *
 * libbpf does not load it: there is no object file, and the maps are those of the parts, open in this process
 * while the parts are.
 */
#include "kernel/fuse/fuse.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extension/link.h"
#include "extension/permission.h"
#include "extension/program.h"
#include "extension/verifier.h"
#include "kernel/dispatcher/counters.h"
#include "kernel/fuse/btf.h"
#include "kernel/fuse/constants.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define LOG_SIZE (UINT32_MAX >> 8)

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

struct fused {
	int fd;
	size_t n_insns;
	struct program *target;	  /* NULL: an XDP program of its own */
	struct counters counters; /* that one's */
	uint32_t function_id;
};

DEFINE_CLEANUP(struct fused *, fused_free);

void fused_free(struct fused *fused)
{
	if (!fused)
		return;
	cleanup_close(&fused->fd);
	counters_close(&fused->counters);
	program_close(fused->target);
	free(fused);
}

/* A part that may use what only GPL programs may must be one; the whole is one when all parts are. */
static int choose_licence(
	const struct fuse_options *options, const struct fuse_part **ret_not_gpl, struct xslot_diag *diag)
{
	*ret_not_gpl = NULL;

	for (size_t i = 0; i < options->n_parts; i++) {
		const struct fuse_part *part = &options->parts[i];
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (bpf_obj_get_info_by_fd(part->program_fd, &info, &size) < 0)
			return fail(diag, -errno, "%s: cannot look at its program: %s", part->name,
				strerror(errno));
		if (!info.gpl_compatible)
			*ret_not_gpl = part;
	}
	return 0;
}

static bool calls_kernel_function(const struct bpf_insn *insn, int function)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL &&
	       (function < 0 || insn->imm == function);
}

static bool part_calls(const struct fuse_part *part, int function)
{
	for (size_t i = 0; i < part->n_insns; i++)
		if (calls_kernel_function(&part->insns[i], function))
			return true;
	return false;
}

/* An exception ends the program with a verdict that then bears no slot's number. */
static int check_exceptions(const struct fuse_options *options, struct xslot_diag *diag)
{
	struct btf *kernel = NULL;
	int throw = 0;

	for (size_t i = 0; i < options->n_parts; i++) {
		if (!part_calls(&options->parts[i], -1))
			continue;
		if (!kernel) {
			kernel = btf__load_vmlinux_btf();
			throw = kernel ? btf__find_by_name_kind(kernel, "bpf_throw", BTF_KIND_FUNC) : 0;
		}
		if (throw > 0 && part_calls(&options->parts[i], throw)) {
			btf__free(kernel);
			return fail(diag, -EOPNOTSUPP, "%s throws exceptions", options->parts[i].name);
		}
	}
	btf__free(kernel);
	return 0;
}

static int too_many_maps(struct xslot_diag *diag)
{
	return fail(diag, -E2BIG, "the fused program has more maps than the kernel takes, 64");
}

int fuse_check_maps(const struct fuse_part *parts, size_t n_parts, struct xslot_diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < n_parts; i++)
		n += parts[i].n_maps;
	return n > 64 ? too_many_maps(diag) : 0;
}

static int load_failed(int error, const char *log, const struct fuse_part *not_gpl, struct xslot_diag *diag)
{
	char why[512];

	if (!diag)
		return error;
	if (error == -E2BIG && !(log && strstr(log, " is too large")))
		return too_many_maps(diag);
	if (not_gpl && log && strstr(log, "GPL"))
		return fail(diag, error,
			"%s has no GPL-compatible license, and another plugin calls a helper that the kernel reserves for programs that have one; a program has one license",
			not_gpl->name);
	if (log && log[0]) {
		verifier_verdict(log, error, why, sizeof(why));
		free(diag->log);
		diag->log = strdup(log);
		return fail(diag, error, "the verifier refuses the fused program: %s (%s)", why,
			strerror(-error));
	}
	if (error == -EPERM) {
		permission_explain(why, false);
		return fail(diag, error, "%s", why);
	}
	return fail(diag, error, "the kernel does not load the fused program: %s", strerror(-error));
}

/* The log is asked for only after a failure: it is long, and writing it is slow. */
static int load(struct fused *fused, const struct fuse_code *code, struct bpf_prog_load_opts *options,
	const struct fuse_part *not_gpl, struct xslot_diag *diag)
{
	const char *licence = not_gpl ? "not GPL" : "GPL";
	enum bpf_prog_type type = fused->target ? BPF_PROG_TYPE_EXT : BPF_PROG_TYPE_XDP;
	CLEANUP(free) char *log = NULL;

	fused->fd = bpf_prog_load(type, "xslot_fused", licence, code->insns, code->n_insns, options);
	if (fused->fd >= 0)
		return 0;
	log = malloc(LOG_SIZE);
	if (log && diag) {
		log[0] = 0;
		options->log_buf = log;
		options->log_size = LOG_SIZE;
		options->log_level = 1;
		fused->fd = bpf_prog_load(type, "xslot_fused", licence, code->insns, code->n_insns, options);
	}
	return fused->fd >= 0 ? 0 : load_failed(-errno, log, not_gpl, diag);
}

static int load_with_types(struct fused *fused, const struct fuse_options *options,
	const struct fuse_code *code, const struct fuse_types *types, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load_options, .func_info = types->functions,
		.func_info_cnt = (uint32_t)code->n_functions, .func_info_rec_size = sizeof(*types->functions),
		.line_info = types->lines, .line_info_cnt = (uint32_t)types->n_lines,
		.line_info_rec_size = sizeof(*types->lines), .attach_btf_id = fused->function_id,
		.prog_flags = options->frags ? BPF_F_XDP_HAS_FRAGS : 0);
	const struct fuse_part *not_gpl = NULL;
	int r;

	r = btf__load_into_kernel(types->btf);
	if (r < 0)
		return fail(diag, r, "the kernel does not load the fused program's types: %s",
			permission_reason(r, (char[PERMISSION_TEXT]){ 0 }));
	load_options.prog_btf_fd = (uint32_t)btf__fd(types->btf);
	if (fused->target)
		load_options.attach_prog_fd = (uint32_t)fused->target->fd;
	r = choose_licence(options, &not_gpl, diag);
	return r < 0 ? r : load(fused, code, &load_options, not_gpl, diag);
}

static int find_stub(
	struct fused *fused, const struct dispatcher *dispatcher, uint32_t stub, struct xslot_diag *diag)
{
	char function[DISPATCHER_FUNCTION_MAX];
	int r;

	if (!dispatcher)
		return counters_create(XSLOT_PARITIES, &fused->counters, diag);
	r = program_open(dispatcher_fd(dispatcher), dispatcher_types(dispatcher), &fused->target, diag);
	if (r < 0)
		return r;
	dispatcher_fused_stub(stub, function);
	return program_find_function(fused->target, function, &fused->function_id, diag);
}

int fused_load(const struct fuse_options *options, const struct dispatcher *dispatcher, uint32_t stub,
	struct fused **ret_fused, struct xslot_diag *diag)
{
	CLEANUP(fused_free) struct fused *fused = calloc(1, sizeof(*fused));
	struct fuse_constants constants = { 0 };
	struct fuse_types types = { 0 };
	struct fuse_code code = { 0 };
	CLEANUP(close) int gathered = -1; /* the program holds it once it is loaded */
	int r;

	if (!fused)
		return fail(diag, -ENOMEM, "out of memory");
	fused->fd = fused->counters.fd = -1;
	r = check_exceptions(options, diag);
	if (r == 0)
		r = find_stub(fused, dispatcher, stub, diag);
	if (r == 0)
		r = fuse_constants_read(options->parts, options->n_parts, &constants);
	if (r == 0)
		r = fuse_code_build(options, dispatcher ? dispatcher_counters(dispatcher) : &fused->counters,
			&constants, &code, diag);
	if (r == 0)
		r = fuse_constants_gather(&constants, code.insns, code.n_insns, &gathered, diag);
	if (r == 0)
		r = fuse_types_build(options->parts, options->n_parts, &code, &types, diag);
	if (r == 0)
		r = load_with_types(fused, options, &code, &types, diag);
	fused->n_insns = code.n_insns;
	fuse_types_deinit(&types);
	fuse_code_deinit(&code);
	fuse_constants_deinit(&constants);
	if (r < 0)
		return r;
	*ret_fused = TAKE_PTR(fused);
	return 0;
}

int fused_place(const struct fused *fused, struct xslot_link **ret_link, struct xslot_diag *diag)
{
	if (!fused->target)
		return fail(diag, -EINVAL, "the fused program was not loaded for a dispatcher");
	return link_create(fused->fd, fused->target, fused->function_id, ret_link, diag);
}

int fused_fd(const struct fused *fused)
{
	return fused->fd;
}

size_t fused_instructions(const struct fused *fused)
{
	return fused->n_insns;
}

uint32_t fused_verified_instructions(int program_fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program_fd, &info, &size) < 0)
		return 0;
	return info.xlated_prog_len / sizeof(struct bpf_insn);
}
