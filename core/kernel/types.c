/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Two builds of one plugin have two BTFs with unrelated type ids, and the same bytes may be declared with
 * other typedefs or qualifiers. So layouts are compared by walking both at the same time. The walk ends
 * without a set of visited types: in C only pointers can form a cycle, and they are compared without being
 * followed. But the BTF comes from a file, where a struct may contain itself, even twice: so the depth and
 * the number of types are limited.
 */
#include "kernel/types.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extension/btf_read.h"

#define DEPTH_MAX 32
#define STEPS_MAX 1000000 /* types that one question may look at */

const struct btf_type *types_resolve(const struct btf *btf, uint32_t id)
{
	for (int i = 0; i < DEPTH_MAX; i++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !(btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type)))
			return type;
		id = type->type;
	}
	return NULL;
}

int types_find_variable(const struct btf *btf, const char *name, struct types_variable *ret_variable)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *section = btf__type_by_id(btf, id);

		if (!btf_is_datasec(section))
			continue;
		for (unsigned i = 0; i < btf_vlen(section); i++) {
			const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;
			const struct btf_type *variable = btf_read_type(btf, info->type);

			if (!btf_is_var(variable) || !btf_read_is_named(btf, variable->name_off, name))
				continue;
			*ret_variable = (struct types_variable){
				.section = btf_read_name(btf, section->name_off),
				.id = info->type,
				.offset = info->offset,
				.size = info->size,
			};
			return 0;
		}
	}
	return -ENOENT;
}

bool types_is_volatile(const struct btf *btf, uint32_t id)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = btf_read_type(btf, id);

		if (btf_is_volatile(type))
			return true;
		if (!btf_is_mod(type) && !btf_is_typedef(type) && !btf_is_array(type) && !btf_is_var(type))
			return false;
		id = btf_is_array(type) ? btf_array(type)->type : type->type;
	}
	return false;
}

const char *types_next_tag(const struct btf *btf, uint32_t id, uint32_t *at)
{
	while (++*at < btf__type_cnt(btf)) {
		const struct btf_type *type = btf__type_by_id(btf, *at);

		if (btf_is_decl_tag(type) && type->type == id && btf_decl_tag(type)->component_idx == -1)
			return btf_read_name(btf, type->name_off);
	}
	return NULL;
}

bool types_tagged(const struct btf *btf, uint32_t id, const char *tag)
{
	const char *each;
	uint32_t at = 0;

	while ((each = types_next_tag(btf, id, &at)))
		if (strcmp(each, tag) == 0)
			return true;
	return false;
}

/* Both sides of a comparison: `a` and `b` are types of the BTFs of the same letter. */
struct pair {
	const struct btf *a_btf;
	const struct btf *b_btf;
	unsigned steps;
};

static bool same_name(const struct pair *in, uint32_t a, uint32_t b)
{
	return btf_read_same_name(in->a_btf, a, in->b_btf, b);
}

static bool same_type(struct pair *in, uint32_t a_id, uint32_t b_id, int depth);

static bool same_members(struct pair *in, const struct btf_type *a, const struct btf_type *b, int depth)
{
	if (a->size != b->size || btf_vlen(a) != btf_vlen(b))
		return false;
	for (unsigned i = 0; i < btf_vlen(a); i++) {
		if (!same_name(in, btf_members(a)[i].name_off, btf_members(b)[i].name_off) ||
			btf_member_bit_offset(a, i) != btf_member_bit_offset(b, i) ||
			btf_member_bitfield_size(a, i) != btf_member_bitfield_size(b, i) ||
			!same_type(in, btf_members(a)[i].type, btf_members(b)[i].type, depth))
			return false;
	}
	return true;
}

static bool same_variables(struct pair *in, const struct btf_type *a, const struct btf_type *b, int depth)
{
	if (a->size != b->size || btf_vlen(a) != btf_vlen(b))
		return false;
	for (unsigned i = 0; i < btf_vlen(a); i++) {
		const struct btf_var_secinfo *a_info = btf_var_secinfos(a) + i,
					     *b_info = btf_var_secinfos(b) + i;

		if (a_info->offset != b_info->offset || a_info->size != b_info->size ||
			!same_type(in, a_info->type, b_info->type, depth))
			return false;
	}
	return true;
}

static bool same_pointee(const struct pair *in, uint32_t a_id, uint32_t b_id)
{
	const struct btf_type *a = types_resolve(in->a_btf, a_id), *b = types_resolve(in->b_btf, b_id);

	return a && b && btf_kind(a) == btf_kind(b) && same_name(in, a->name_off, b->name_off);
}

static bool same_type(struct pair *in, uint32_t a_id, uint32_t b_id, int depth)
{
	const struct btf_type *a = types_resolve(in->a_btf, a_id), *b = types_resolve(in->b_btf, b_id);

	if (!a || !b || btf_kind(a) != btf_kind(b) || depth > DEPTH_MAX || ++in->steps > STEPS_MAX)
		return false;
	switch (btf_kind(a)) {
	case BTF_KIND_UNKN: /* void */
		return true;
	case BTF_KIND_INT:
		return a->size == b->size && btf_int_encoding(a) == btf_int_encoding(b) &&
		       btf_int_bits(a) == btf_int_bits(b) && btf_int_offset(a) == btf_int_offset(b);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FLOAT:
		return a->size == b->size;
	case BTF_KIND_PTR:
		return same_pointee(in, a->type, b->type);
	case BTF_KIND_ARRAY:
		return btf_array(a)->nelems == btf_array(b)->nelems &&
		       same_type(in, btf_array(a)->type, btf_array(b)->type, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return same_members(in, a, b, depth + 1);
	case BTF_KIND_VAR:
		return same_name(in, a->name_off, b->name_off) && same_type(in, a->type, b->type, depth + 1);
	case BTF_KIND_DATASEC:
		return same_variables(in, a, b, depth + 1);
	}
	return false;
}

bool types_same_layout(const struct btf *a, uint32_t a_id, const struct btf *b, uint32_t b_id)
{
	return same_type(&(struct pair){ a, b, 0 }, a_id, b_id, 0);
}

/* A search for a struct of this name. */
struct search {
	const struct btf *btf;
	const char *name;
	unsigned steps;
};

static bool contain(struct search *search, uint32_t id, int depth);

static bool one_contains(struct search *search, const struct btf_type *type, int depth)
{
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		uint32_t id =
			btf_is_datasec(type) ? btf_var_secinfos(type)[i].type : btf_members(type)[i].type;

		if (contain(search, id, depth))
			return true;
	}
	return false;
}

static bool contain(struct search *search, uint32_t id, int depth)
{
	const struct btf_type *type = types_resolve(search->btf, id);

	/* What cannot be looked through may hold anything. */
	if (!type || depth > DEPTH_MAX || ++search->steps > STEPS_MAX)
		return true;
	if (btf_is_array(type))
		return contain(search, btf_array(type)->type, depth + 1);
	if (btf_is_var(type))
		return contain(search, type->type, depth + 1);
	if (btf_is_composite(type) && btf_read_is_named(search->btf, type->name_off, search->name))
		return true;
	return (btf_is_composite(type) || btf_is_datasec(type)) && one_contains(search, type, depth + 1);
}

bool types_contain(const struct btf *btf, uint32_t id, const char *struct_name)
{
	return contain(&(struct search){ btf, struct_name, 0 }, id, 0);
}

/* Is one of the names on the way to the plain type among these? */
static bool named(const struct btf *btf, uint32_t id, const char *const names[], size_t n)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type)
			return false;
		for (size_t i = 0; i < n; i++)
			if (btf_read_is_named(btf, type->name_off, names[i]))
				return true;
		if (!btf_is_mod(type) && !btf_is_typedef(type) && !btf_is_type_tag(type))
			return false;
		id = type->type;
	}
	return false;
}

static bool is_numbers(const struct btf *btf, uint32_t id, int depth, unsigned *steps)
{
	const struct btf_type *type = types_resolve(btf, id);

	if (!type || depth > DEPTH_MAX || ++*steps > STEPS_MAX)
		return false;
	if (btf_is_int(type))
		return type->size == 8 && btf_int_bits(type) == 64;
	if (btf_is_array(type))
		return is_numbers(btf, btf_array(type)->type, depth + 1, steps);
	if (!btf_is_struct(type) || type->size % 8 || !btf_vlen(type))
		return false;
	for (unsigned i = 0; i < btf_vlen(type); i++)
		if (btf_member_bit_offset(type, i) % 64 || btf_member_bitfield_size(type, i) ||
			!is_numbers(btf, btf_members(type)[i].type, depth + 1, steps))
			return false;
	return true;
}

bool types_is_numbers(const struct btf *btf, uint32_t id)
{
	unsigned steps = 0;

	return is_numbers(btf, id, 0, &steps);
}

bool types_is_network_order(const struct btf *btf, uint32_t id)
{
	static const char *const names[] = { "__be16", "__be32", "__be64", "in_addr_t", "in_port_t" };

	return named(btf, id, names, sizeof(names) / sizeof(names[0]));
}

bool types_is_address(const struct btf *btf, uint32_t id)
{
	static const char *const names[] = { "__be32", "in_addr_t", "in_addr", "in6_addr", "xslot_prefix" };

	return named(btf, id, names, sizeof(names) / sizeof(names[0]));
}

static void describe_array(const struct btf *btf, const struct btf_array *array, char *ret_words, size_t size)
{
	const struct btf_type *element = types_resolve(btf, array->type);

	if (element && btf_is_int(element) && element->size == 1)
		snprintf(ret_words, size, "an array of %u bytes", array->nelems);
	else
		snprintf(ret_words, size, "an array of %u elements", array->nelems);
}

void types_describe(const struct btf *btf, uint32_t id, char *ret_words, size_t size)
{
	const struct btf_type *type = types_resolve(btf, id);
	const char *name;

	if (type && btf_is_var(type)) /* a variable of a variable is none */
		type = types_resolve(btf, type->type);
	name = type ? btf_read_name(btf, type->name_off) : "";
	if (type && btf_is_int(type)) {
		if (btf_int_encoding(type) & BTF_INT_BOOL)
			snprintf(ret_words, size, "a bool");
		else
			snprintf(ret_words, size, "%s integer of %u byte%s",
				btf_int_encoding(type) & BTF_INT_SIGNED ? "a signed" : "an unsigned",
				type->size, type->size == 1 ? "" : "s");
	} else if (type && btf_is_array(type)) {
		describe_array(btf, btf_array(type), ret_words, size);
	} else if (type && (btf_is_any_enum(type) || btf_is_composite(type))) {
		snprintf(ret_words, size, "%s %s",
			btf_is_struct(type)  ? "struct"
			: btf_is_union(type) ? "union"
					     : "enum",
			*name ? name : "(unnamed)");
	} else if (type && btf_is_ptr(type)) {
		snprintf(ret_words, size, "a pointer");
	} else {
		snprintf(ret_words, size, "of a kind that cannot hold a parameter");
	}
}
