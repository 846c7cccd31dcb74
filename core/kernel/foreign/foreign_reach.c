/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An object for both hooks may have a program array that only its tc programs use: its XDP program is an
 * extension like any other, and the tc programs need not load. Two things show that an array matters. libbpf
 * fills an array that has programs from the start when it loads the object, so these must load too; BTF shows
 * such an array by its `values`. And the program's own code shows a tail call, or a call of a function that
 * is unknown before libbpf has linked it.
 */
#include "kernel/foreign/foreign_reach.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stddef.h>

#include "extension/btf_read.h"
#include "kernel/types.h"

static bool may_tail_call(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t n = bpf_program__insn_cnt(program);

	for (size_t i = 0; i < n; i++) {
		bool subprogram = insns[i].src_reg != 0;

		if (insns[i].code == (BPF_JMP | BPF_CALL) &&
			(subprogram || insns[i].imm == BPF_FUNC_tail_call))
			return true;
	}
	return false;
}

/* Not known counts as yes. */
static bool has_programs_from_the_start(const struct btf *btf, const struct bpf_map *map)
{
	struct types_variable variable;
	const struct btf_type *definition;

	if (!btf || types_find_variable(btf, bpf_map__name(map), &variable) < 0)
		return true;
	definition = types_resolve(btf, btf_read_type(btf, variable.id)->type);
	if (!definition || !btf_is_struct(definition))
		return true;
	for (unsigned i = 0; i < btf_vlen(definition); i++)
		if (btf_read_is_named(btf, btf_members(definition)[i].name_off, "values"))
			return true;
	return false;
}

bool foreign_reaches_others(const struct bpf_object *object, const struct bpf_program *program)
{
	const struct btf *btf = bpf_object__btf(object);
	bool tail_calls = may_tail_call(program);
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY &&
			(tail_calls || has_programs_from_the_start(btf, map)))
			return true;
	}
	return false;
}
