/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel compares an extension with the function that it replaces before it verifies it, but not
 * completely: for pointers it compares the name of the struct and not its size. An extension compiled against
 * a longer struct of the same name would then read and write beyond the caller's. The target's verifier
 * checked the caller against the target's size; nothing checks the extension's. So we compare sizes.
 *
 * The context struct is exempt: programs are compiled against whatever kernel headers are installed, older
 * headers declare it shorter, and the verifier rewrites and checks each access to it.
 */
#include "extension/signature.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "extension/btf_read.h"
#include "util/diag.h"
#include "util/text.h"

/* In a damaged BTF a type may be an alias of itself, or a pointer to itself. */
#define DEPTH_MAX 32

static const struct btf_type *skip_modifiers(const struct btf *btf, uint32_t id)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !(btf_is_mod(type) || btf_is_typedef(type)))
			return type;
		id = type->type;
	}
	return NULL;
}

static const struct btf_type *prototype(const struct signature *signature)
{
	const struct btf_type *type = btf__type_by_id(signature->btf, signature->function);

	type = type && btf_is_func(type) ? btf__type_by_id(signature->btf, type->type) : NULL;
	return type && btf_is_func_proto(type) ? type : NULL;
}

static bool has_size(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_any_enum(type) || btf_is_composite(type) || btf_is_float(type);
}

static void describe_named(const struct btf *btf, const struct btf_type *type, struct text *out)
{
	const char *name = btf_read_name(btf, type->name_off);

	if (btf_is_struct(type) || (btf_is_fwd(type) && !btf_kflag(type)))
		text_add(out, "struct ");
	else if (btf_is_union(type) || btf_is_fwd(type))
		text_add(out, "union ");
	else if (btf_is_any_enum(type))
		text_add(out, "enum ");
	text_add(out, "%s", name[0] ? name : "{…}");
}

/* A type as C writes it, near enough: arrays and functions have no name and show as {…}. */
static void describe_type(const struct btf *btf, uint32_t id, struct text *out, int depth)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (!type || id == 0 || depth > DEPTH_MAX) {
		text_add(out, depth > DEPTH_MAX ? "…" : "void");
		return;
	}
	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
		describe_type(btf, type->type, out, depth + 1);
		text_add(out, "%s", out->used && out->at[out->used - 1] == '*' ? "*" : " *");
		return;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
		text_add(out, btf_is_const(type) ? "const " : "volatile ");
		describe_type(btf, type->type, out, depth + 1);
		return;
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		describe_type(btf, type->type, out, depth + 1);
		return;
	default:
		describe_named(btf, type, out);
	}
}

void signature_describe(const struct signature *signature, char *text, size_t size)
{
	const struct btf_type *function = btf__type_by_id(signature->btf, signature->function);
	const struct btf_type *proto = prototype(signature);
	struct text out = { .at = text, .size = size };

	if (!proto) {
		text_add(&out, "?");
		return;
	}
	describe_type(signature->btf, proto->type, &out, 0);
	text_add(&out, " %s(", btf_read_name(signature->btf, function->name_off));
	for (unsigned i = 0; i < btf_vlen(proto); i++) {
		text_add(&out, i ? ", " : "");
		describe_type(signature->btf, btf_params(proto)[i].type, &out, 0);
	}
	text_add(&out, btf_vlen(proto) ? ")" : "void)");
}

/* Kind, number of members, flags and, where the kernel looks at it, size. */
static bool same_shape(const struct btf_type *a, const struct btf_type *b)
{
	if (!a || !b)
		return a == b;
	return a->info == b->info;
}

/* Two functions side by side; `context` as in signature_compare(). */
struct comparison {
	const struct signature *target, *extension;
	const char *context;
};

static int compare_pointee(const struct comparison *sides, const struct btf_type *there,
	const struct btf_type *here, unsigned number, struct xslot_diag *diag)
{
	const struct signature *target = sides->target, *extension = sides->extension;
	const struct btf_type *a = skip_modifiers(target->btf, there->type);
	const struct btf_type *b = skip_modifiers(extension->btf, here->type);
	const char *a_name, *b_name;

	if (!a || !b)
		return 0;
	a_name = btf_read_name(target->btf, a->name_off);
	b_name = btf_read_name(extension->btf, b->name_off);
	if (btf_is_composite(a) && btf_is_composite(b) && strcmp(a_name, b_name) != 0)
		return fail(diag, -EPROTOTYPE, "argument %u points to struct %s there, to struct %s here",
			number, a_name, b_name);
	if (!has_size(a) || !has_size(b) || a->size == b->size)
		return 0;
	if (sides->context && strcmp(a_name, sides->context) == 0)
		return 0;
	return fail(diag, -EPROTOTYPE,
		"argument %u points to %u bytes there (%s%s), to %u here: compile both with the same header",
		number, a->size, btf_is_composite(a) ? "struct " : "", a_name, b->size);
}

static int compare_argument(const struct comparison *sides, uint32_t there, uint32_t here, unsigned number,
	struct xslot_diag *diag)
{
	const struct btf_type *a = skip_modifiers(sides->target->btf, there);
	const struct btf_type *b = skip_modifiers(sides->extension->btf, here);

	if (!a || !b || !same_shape(a, b))
		return fail(diag, -EPROTOTYPE, "argument %u is of another kind", number);
	if (has_size(a) && a->size != b->size)
		return fail(diag, -EPROTOTYPE, "argument %u has %u bytes there, %u here", number, a->size,
			b->size);
	if (!btf_is_ptr(a))
		return 0;
	return compare_pointee(sides, a, b, number, diag);
}

static int compare(const struct signature *target, const struct signature *extension, const char *context,
	struct xslot_diag *diag)
{
	const struct btf_type *a = prototype(target), *b = prototype(extension);
	const struct comparison sides = { target, extension, context };

	if (!a || !b)
		return fail(diag, -EPROTOTYPE, "BTF shows no prototype");
	if (btf_vlen(a) != btf_vlen(b))
		return fail(diag, -EPROTOTYPE, "it takes %u argument%s there, %u here", btf_vlen(a),
			btf_vlen(a) == 1 ? "" : "s", btf_vlen(b));
	if (!same_shape(skip_modifiers(target->btf, a->type), skip_modifiers(extension->btf, b->type)))
		return fail(diag, -EPROTOTYPE, "the result is of another kind");
	for (unsigned i = 0; i < btf_vlen(a); i++) {
		int r = compare_argument(&sides, btf_params(a)[i].type, btf_params(b)[i].type, i + 1, diag);

		if (r < 0)
			return r;
	}
	return 0;
}

int signature_compare(const struct signature *target, const struct signature *extension, const char *context,
	struct xslot_diag *diag)
{
	char there[256], here[256];
	int r = compare(target, extension, context, diag);

	if (r == 0)
		return 0;
	signature_describe(target, there, sizeof(there));
	signature_describe(extension, here, sizeof(here));
	return fail_within(diag, r, "\"%s\" cannot stand in for \"%s\"", here, there);
}
