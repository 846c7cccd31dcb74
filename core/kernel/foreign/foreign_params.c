/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin has a table of its parameters. A foreign object has one as well: BTF shows which variables may be
 * set before it is loaded (`const volatile`; others are either optimised away by the compiler or not
 * constant) and what type each of them has. So a table is made from BTF, and then a variable of a foreign
 * object is a parameter like any other, with the same syntax and the same errors.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "extension/btf_read.h"
#include "kernel/foreign/foreign.h"
#include "kernel/types.h"
#include "util/text.h"

struct table {
	struct xslot_param *rows;
	size_t n;
};

/* C's: a variable of a function is called "FUNCTION.NAME" in BTF, and no INI key sets one of these. */
static bool is_identifier(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	return *name && !isdigit((unsigned char)*name);
}

static struct xslot_param *add_row(struct table *table, const char *name)
{
	struct xslot_param *row = &table->rows[table->n];

	if (table->n == XSLOT_MAX_PARAMS || !name[0] || strlen(name) >= sizeof(row->name))
		return NULL;
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return NULL;
	table->n++;
	*row = (struct xslot_param){};
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

/* An enum is given by word when its words count from 0, as ours do; else by number. */
static uint32_t enum_type(const struct btf *btf, const struct btf_type *type,
	char ret_words[static sizeof((struct xslot_param){}.words)])
{
	struct text words = { .at = ret_words, .size = sizeof(((struct xslot_param *)NULL)->words) };
	uint32_t by_number = btf_kflag(type) ? XSLOT_INT : XSLOT_UINT;

	if (!btf_is_enum(type))
		return by_number;
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *word = btf_read_name(btf, btf_enum(type)[i].name_off);

		text_add(&words, "%s%s", i ? "|" : "", word);
		if (!word[0] || btf_enum(type)[i].val != (int)i || words.used + 1 >= words.size) {
			ret_words[0] = 0;
			return by_number;
		}
	}
	return XSLOT_ENUM;
}

static bool is_bytes(const struct btf *btf, const struct btf_type *type, unsigned n)
{
	const struct btf_type *element = types_resolve(btf, btf_array(type)->type);

	return element && btf_is_int(element) && element->size == 1 && btf_array(type)->nelems == n;
}

static void describe_row(const struct btf *btf, uint32_t id, struct xslot_param *row)
{
	const struct btf_type *type = types_resolve(btf, id);
	char words[96];

	types_describe(btf, id, words, sizeof(words));
	snprintf(row->help, sizeof(row->help), "variable of the object: %s", words);
	row->type = XSLOT_STRING; /* what fits nothing is refused when it is written, by what it is */
	if (!type)
		return;
	if (types_is_address(btf, id))
		row->type = XSLOT_ADDRESS;
	else if (btf_is_int(type) && btf_int_encoding(type) & BTF_INT_BOOL)
		row->type = XSLOT_BOOL;
	else if (btf_is_int(type))
		row->type = btf_int_encoding(type) & BTF_INT_SIGNED ? XSLOT_INT : XSLOT_UINT;
	else if (btf_is_any_enum(type))
		row->type = enum_type(btf, type, row->words);
	else if (btf_is_array(type) && is_bytes(btf, type, 6))
		row->type = XSLOT_MAC;
}

static void add_variable(struct table *table, const struct btf *btf, uint32_t id)
{
	const struct btf_type *variable = btf_read_type(btf, id);
	const char *name = btf_read_name(btf, variable->name_off);
	struct xslot_param *row = is_identifier(name) ? add_row(table, name) : NULL;

	if (row)
		describe_row(btf, variable->type, row);
}

static void add_variables(struct table *table, const struct btf *btf)
{
	for (uint32_t each = 1; each < btf__type_cnt(btf); each++) {
		const struct btf_type *section = btf__type_by_id(btf, each);

		if (!btf_is_datasec(section) ||
			strncmp(btf_read_name(btf, section->name_off), ".rodata", 7) != 0)
			continue;
		for (unsigned i = 0; i < btf_vlen(section); i++) {
			uint32_t id = btf_var_secinfos(section)[i].type;
			const struct btf_type *variable = btf_read_type(btf, id);

			if (btf_is_var(variable) && types_is_volatile(btf, id))
				add_variable(table, btf, id);
		}
	}
}

static void add_array(struct table *table, const struct bpf_map *map)
{
	struct xslot_param *row;

	if (bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY || !is_identifier(bpf_map__name(map)))
		return;
	row = add_row(table, bpf_map__name(map));
	if (!row)
		return;
	row->type = XSLOT_STRING;
	snprintf(row->help, sizeof(row->help), "program array of the object: PROGRAM or INDEX:PROGRAM, …");
}

static void add_map_size(struct table *table, const char *name)
{
	struct xslot_param *row = add_row(table, name);

	if (!row)
		return;
	row->type = XSLOT_UINT;
	row->bounds = XSLOT_BOUND_MIN | XSLOT_BOUND_MAX;
	row->min = 1;
	row->max = UINT32_MAX;
	snprintf(row->help, sizeof(row->help), "entries of a map of the object");
}

/* A constant that is not volatile is in the code already: to write it would succeed, and change nothing. */
static bool may_be_named(const struct btf *btf, const struct types_variable *variable)
{
	if (strcmp(variable->section, ".maps") == 0)
		return false;
	return strncmp(variable->section, ".rodata", 7) != 0 || types_is_volatile(btf, variable->id);
}

static void add_wanted(struct table *table, const struct bpf_object *bpf, const char *name)
{
	const struct btf *btf = bpf_object__btf(bpf);
	const struct bpf_map *map = bpf_object__find_map_by_name(bpf, name);
	struct types_variable variable;

	if (foreign_find_sized_map(bpf, name))
		add_map_size(table, name);
	else if (map)
		add_array(table, map);
	else if (btf && types_find_variable(btf, name, &variable) == 0 && may_be_named(btf, &variable))
		add_variable(table, btf, variable.id);
}

int foreign_params(const void *bytes, size_t size, const char *const wanted[], size_t n,
	struct xslot_param ret_params[static XSLOT_MAX_PARAMS], struct xslot_diag *diag)
{
	const struct blob blob = { .fd = -1, .data = (uint8_t *)bytes, .size = size };
	struct table table = { .rows = ret_params };
	const struct bpf_map *map;
	struct object object;
	int r;

	r = object_read(&blob, NULL, &object, diag);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		add_wanted(&table, object.bpf, wanted[i]);
	bpf_object__for_each_map(map, object.bpf) add_array(&table, map);
	if (bpf_object__btf(object.bpf))
		add_variables(&table, bpf_object__btf(object.bpf));
	object_close(&object);
	return 0;
}
