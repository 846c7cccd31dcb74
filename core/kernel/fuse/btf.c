/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An extension must have BTF, and with it a type for each of its functions. The main program has the type
 * that every slot has. Another function keeps the type and the name that it has in its plugin, so that
 * `bpftool prog dump` shows it by that name, and the verifier still verifies a global function on its own.
 *
 * Types are taken from the loaded program, not from the object file: libbpf has adapted them to this kernel.
 * The kernel lists, in order, the functions that are left after it dropped dead code. If it dropped some, it
 * does not report which ones: then all functions of this plugin are static and without names of their own,
 * the verifier verifies them at each call, and they have no source lines, which depend on a function's type
 * (fuse/lines.c).
 */
#include "kernel/fuse/btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extension/program.h"
#include "kernel/fuse/lines.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct program *, program_close);
DEFINE_CLEANUP(struct btf *, btf__free);

struct own_types {
	int main, part, subprogram;
};

/*
 * The types that are in every fused program: int xslot_fused(struct xdp_md *ctx); int part(struct xdp_md
 * *ctx); static int subprogram(). A part that is called is global: of a static function the verifier follows
 * each way to its end, where a tail call has none, so that it knows what the ways that fall through return
 * and takes the code for all other verdicts out.
 */
static int add_own(struct btf *btf, struct own_types *ret_own)
{
	int integer = btf__add_int(btf, "int", sizeof(int), BTF_INT_SIGNED);
	int context = btf__add_struct(btf, "xdp_md", sizeof(struct xdp_md));
	int pointer = btf__add_ptr(btf, context);
	int main = btf__add_func_proto(btf, integer), subprogram;

	if (main < 0 || btf__add_func_param(btf, "ctx", pointer) < 0)
		return -ENOMEM;
	subprogram = btf__add_func_proto(btf, integer);
	*ret_own = (struct own_types){
		.main = btf__add_func(btf, "xslot_fused", BTF_FUNC_GLOBAL, main),
		.part = btf__add_func(btf, "part", BTF_FUNC_GLOBAL, main),
		.subprogram = btf__add_func(btf, "subprogram", BTF_FUNC_STATIC, subprogram),
	};
	return ret_own->main < 0 || ret_own->part < 0 || ret_own->subprogram < 0 ? -ENOMEM : 0;
}

/*
 * Give the `n` functions at `records`, all of one part from its function `apart` on, their own types where
 * these are known. `ret_ids`: what the part itself calls the types of its functions, the main one first; 0
 * where it is not known.
 */
static int add_part(struct btf *btf, const struct fuse_part *part, struct bpf_func_info *records, size_t n,
	size_t apart, uint32_t *ret_ids)
{
	CLEANUP(program_close) struct program *program = NULL;
	CLEANUP(btf__free) struct btf *read = NULL;
	const struct btf *part_types = part->types;
	int first, r;

	if (!part_types && part->btf_fd < 0)
		return 0;
	if (!part_types)
		part_types = read = program_read_types(part->btf_fd);
	if (!part_types)
		return -errno;
	r = program_open(part->program_fd, part_types, &program, NULL);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (program->n_functions)
		ret_ids[0] = program->functions[0];
	if (!n || program->n_functions != apart + n)
		return 0;
	memcpy(ret_ids, program->functions, (apart + n) * sizeof(*ret_ids));
	first = btf__add_btf(btf, program->btf);
	if (first < 0)
		return first;
	for (size_t i = 0; i < n; i++)
		records[i].type_id = (uint32_t)(first - 1) + program->functions[apart + i];
	return 0;
}

/* Its functions in the fused program: those up to `*end`, which is moved on. */
static size_t count_functions(const struct fuse_code *code, size_t part, size_t *end)
{
	size_t first = *end;

	while (*end < code->n_functions && code->functions[*end].part == part)
		++*end;
	return *end - first;
}

static int add_parts(struct fuse_types *types, const struct fuse_part *parts, size_t n_parts,
	const struct fuse_code *code, struct fuse_lines *lines, struct xslot_diag *diag)
{
	CLEANUP(free) uint32_t *ids = calloc(code->n_functions, sizeof(*ids));
	size_t end = 1;

	if (!ids)
		return fail(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n_parts; i++) {
		size_t first = end, n = count_functions(code, i, &end);
		const struct fuse_function *functions = &code->functions[first];
		size_t apart = n > 0 && functions->from == 0 ? 0 : 1; /* is its main one apart too? */
		int r;

		memset(ids, 0, (n + 1) * sizeof(*ids));
		r = add_part(types->btf, &parts[i], &types->functions[first], n, apart, ids);
		if (r == 0)
			r = fuse_lines_read(lines, &parts[i], functions + 1 - apart, n + apart - 1, ids);
		if (r < 0)
			return fail(diag, r, "%s: cannot take over its types and lines: %s", parts[i].name,
				strerror(-r));
	}
	return 0;
}

static int add_lines(struct fuse_types *types, const struct fuse_part *parts, size_t n_parts,
	const struct fuse_code *code, struct xslot_diag *diag)
{
	struct fuse_lines lines = { .btf = types->btf };
	int r = add_parts(types, parts, n_parts, code, &lines, diag);

	if (r == 0) {
		r = fuse_lines_build(&lines, parts, code, &types->lines, &types->n_lines);
		if (r < 0)
			fail(diag, r, "out of memory");
	}
	fuse_lines_deinit(&lines);
	return r;
}

int fuse_types_build(const struct fuse_part *parts, size_t n_parts, const struct fuse_code *code,
	struct fuse_types *ret_types, struct xslot_diag *diag)
{
	struct fuse_types types = { .btf = btf__new_empty() };
	struct own_types own;
	int r = -ENOMEM;

	types.functions = calloc(code->n_functions, sizeof(*types.functions));
	if (types.btf && types.functions)
		r = add_own(types.btf, &own);
	for (size_t i = 0; r == 0 && i < code->n_functions; i++) {
		types.functions[i].insn_off = code->functions[i].start;
		types.functions[i].type_id = (uint32_t)(!i			       ? own.main
							: code->functions[i].from == 0 ? own.part
										       : own.subprogram);
	}
	if (r < 0)
		fail(diag, r, "out of memory");
	else
		r = add_lines(&types, parts, n_parts, code, diag);
	if (r < 0) {
		fuse_types_deinit(&types);
		return r;
	}
	*ret_types = types;
	return 0;
}

void fuse_types_deinit(struct fuse_types *types)
{
	btf__free(types->btf);
	free(types->functions);
	free(types->lines);
	*types = (struct fuse_types){ 0 };
}
