/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A parameter needs no setter: BTF shows where each `const volatile` variable is and what type it has, so the
 * value is written there before the program is loaded, and the verifier treats it as a constant. BTF cannot
 * guarantee that the plugin's table and its BPF program agree. So every write is checked against the
 * variable's kind and size, and a mismatch is an error of the plugin's author that names both sides.
 */
#include "kernel/instance/rodata.h"

#include <arpa/inet.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xslot/plugin.h>

#include "extension/btf_read.h"
#include "kernel/instance/instance.h"
#include "kernel/types.h"
#include "util/diag.h"

/* One write under way: what, where to, and for whom the sentences are. */
struct target {
	const char *name;
	const struct instance_param *param;
	const struct btf *btf;
	uint32_t type_id;
	const struct btf_type *type; /* resolved */
	uint8_t *data;		     /* the variable's bytes */
	struct xslot_diag *diag;
};

static int wrong_kind(const struct target *target, const char *wanted)
{
	char found[96];

	types_describe(target->btf, target->type_id, found, sizeof(found));
	return fail(target->diag, -EINVAL,
		"%s: parameter %s: its variable in the BPF object is %s, where %s is wanted", target->name,
		target->param->name, found, wanted);
}

/* A number with its sign, wide enough for all that fits a variable. */
struct number {
	bool negative;
	uint64_t magnitude;
};

static bool type_is_signed(const struct btf_type *type)
{
	return btf_is_int(type) ? btf_int_encoding(type) & BTF_INT_SIGNED : btf_kflag(type);
}

static int out_of_range(const struct target *target, struct number number)
{
	unsigned bits = target->type->size * 8;
	bool is_signed = type_is_signed(target->type);
	uint64_t max = UINT64_MAX >> (64 - bits + is_signed);
	char min[24] = "0";

	if (is_signed)
		snprintf(min, sizeof(min), "-%" PRIu64, max + 1);
	return fail(target->diag, -ERANGE,
		"%s: parameter %s: %s%" PRIu64
		" does not fit its variable of %u bits, which holds %s to %" PRIu64,
		target->name, target->param->name, number.negative ? "-" : "", number.magnitude, bits, min,
		max);
}

static void store(uint8_t *data, uint32_t size, uint64_t value)
{
	switch (size) {
	case 1:
		memcpy(data, &(uint8_t){ value }, 1);
		break;
	case 2:
		memcpy(data, &(uint16_t){ value }, 2);
		break;
	case 4:
		memcpy(data, &(uint32_t){ value }, 4);
		break;
	case 8:
		memcpy(data, &value, 8);
		break;
	}
}

/* To network byte order: only little-endian machines get here with another one. */
static void reverse(uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; htons(1) != 1 && i < size / 2; i++) {
		uint8_t byte = data[i];

		data[i] = data[size - 1 - i];
		data[size - 1 - i] = byte;
	}
}

static bool has_width(const struct btf_type *type)
{
	return type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
}

static bool is_integer(const struct btf_type *type)
{
	return btf_is_int(type) && !(btf_int_encoding(type) & BTF_INT_BOOL) && has_width(type);
}

static bool is_enum(const struct btf_type *type)
{
	return btf_is_any_enum(type) && has_width(type);
}

static int write_number(const struct target *target, struct number number)
{
	const struct btf_type *type = target->type;
	bool is_signed = type_is_signed(type);
	uint64_t max = UINT64_MAX >> (64 - type->size * 8 + is_signed);

	if (number.negative ? !is_signed || number.magnitude > max + 1 : number.magnitude > max)
		return out_of_range(target, number);
	store(target->data, type->size, number.negative ? -number.magnitude : number.magnitude);
	if (types_is_network_order(target->btf, btf_read_type(target->btf, target->type_id)->type))
		reverse(target->data, type->size);
	return 0;
}

static bool has_enumerator(const struct btf_type *type, struct number number)
{
	uint64_t value = number.negative ? -number.magnitude : number.magnitude;

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		uint64_t each = btf_is_enum64(type) ? btf_enum64_value(btf_enum64(type) + i)
						    : (uint64_t)btf_enum(type)[i].val;

		if (each == value)
			return true;
	}
	return false;
}

static int write_integer(const struct target *target, struct number number)
{
	if (is_enum(target->type) && !has_enumerator(target->type, number))
		return fail(target->diag, -ERANGE,
			"%s: parameter %s: %s%" PRIu64 " is not the value of an enumerator in enum %s",
			target->name, target->param->name, number.negative ? "-" : "", number.magnitude,
			btf_read_name(target->btf, target->type->name_off));
	if (!is_integer(target->type) && !is_enum(target->type))
		return wrong_kind(target, "an integer of 1, 2, 4 or 8 bytes");
	return write_number(target, number);
}

static int write_bool(const struct target *target, bool value)
{
	if (btf_is_int(target->type) && btf_int_encoding(target->type) & BTF_INT_BOOL) {
		store(target->data, target->type->size, value);
		return 0;
	}
	if (!is_integer(target->type))
		return wrong_kind(target, "a bool or an integer");
	return write_number(target, (struct number){ .magnitude = value });
}

static int write_enum(const struct target *target, uint64_t index)
{
	if (!is_enum(target->type)) {
		if (!is_integer(target->type))
			return wrong_kind(target, "an enum or an integer");
		return write_number(target, (struct number){ .magnitude = index });
	}
	if (!has_enumerator(target->type, (struct number){ .magnitude = index }))
		return fail(target->diag, -ERANGE,
			"%s: parameter %s: word %" PRIu64
			" (counted from 0) has no enumerator of that value in enum %s",
			target->name, target->param->name, index,
			btf_read_name(target->btf, target->type->name_off));
	return write_number(target, (struct number){ .magnitude = index });
}

/* An array of `n` bytes, whatever their sign; any number when `n` is 0. */
static bool is_bytes(const struct target *target, uint32_t n)
{
	const struct btf_type *element;

	if (!btf_is_array(target->type))
		return false;
	element = types_resolve(target->btf, btf_array(target->type)->type);
	return element && btf_is_int(element) && element->size == 1 &&
	       (n == 0 || btf_array(target->type)->nelems == n);
}

static int write_text(const struct target *target, const char *text)
{
	size_t length = text ? strlen(text) : 0, room;

	if (!is_bytes(target, 0))
		return wrong_kind(target, "an array of char");
	room = btf_array(target->type)->nelems;
	if (length + 1 > room)
		return fail(target->diag, -ERANGE,
			"%s: parameter %s: \"%s\" is %zu bytes long, and its variable has room for %zu",
			target->name, target->param->name, text ? text : "", length, room ? room - 1 : 0);
	memset(target->data, 0, room);
	if (text)
		memcpy(target->data, text, length);
	return 0;
}

static int write_mac(const struct target *target, const uint8_t mac[static 6])
{
	if (!is_bytes(target, 6))
		return wrong_kind(target, "an array of 6 bytes");
	memcpy(target->data, mac, 6);
	return 0;
}

static bool is_prefix(const struct target *target)
{
	const char *name = btf_read_name(target->btf, target->type->name_off);

	return btf_is_struct(target->type) && strcmp(name, "xslot_prefix") == 0 &&
	       target->type->size == sizeof(struct xslot_prefix);
}

/* An IP address where a program of somebody else keeps one: the bytes as they are in a packet. */
static int write_address(const struct target *target, const struct xslot_prefix *prefix)
{
	size_t size = prefix->family == 4 ? 4 : 16;

	if (!types_is_address(target->btf, btf_read_type(target->btf, target->type_id)->type))
		return wrong_kind(target, "struct xslot_prefix, __be32 or struct in6_addr");
	if (target->type->size != size)
		return fail(target->diag, -EINVAL,
			"%s: parameter %s: its variable has %u bytes, and an IPv%u address has %zu",
			target->name, target->param->name, target->type->size, prefix->family, size);
	memcpy(target->data, prefix->address, size);
	return 0;
}

static int write_prefix(const struct target *target, const struct xslot_prefix *prefix)
{
	if (!is_prefix(target))
		return wrong_kind(target, "struct xslot_prefix");
	memcpy(target->data, prefix, sizeof(*prefix));
	return 0;
}

static int write_value(const struct target *target)
{
	const struct xslot_value *value = target->param->value;

	switch (value->type) {
	case XSLOT_NONE:
		return 0;
	case XSLOT_BOOL:
		return write_bool(target, value->boolean);
	case XSLOT_UINT:
	case XSLOT_DURATION:
		return write_integer(target, (struct number){ .magnitude = value->number });
	case XSLOT_INT:
		return write_integer(
			target, (struct number){ .negative = value->integer < 0,
					.magnitude = value->integer < 0 ? -(uint64_t)value->integer
									: (uint64_t)value->integer });
	case XSLOT_ENUM:
		return write_enum(target, value->number);
	case XSLOT_STRING:
	case XSLOT_PATH:
		return write_text(target, value->text);
	case XSLOT_MAC:
		return write_mac(target, value->mac);
	case XSLOT_ADDRESS:
		if (!is_prefix(target))
			return write_address(target, &value->prefix);
		return write_prefix(target, &value->prefix);
	case XSLOT_PREFIX:
		return write_prefix(target, &value->prefix);
	}
	return fail(target->diag, -EINVAL,
		"%s: parameter %s: a file is read by the plugin's callbacks and cannot be in a variable of the BPF object, which has one of that name",
		target->name, target->param->name);
}

static int no_variable(const char *name, const struct instance_param *param, struct xslot_diag *diag)
{
	if (param->optional)
		return 0;
	if (param->value->type == XSLOT_FILE)
		return fail(diag, -ENOENT,
			"%s: parameter %s: a file is for callbacks, and the plugin has none", name,
			param->name);
	return fail(diag, -ENOENT,
		"%s: parameter %s: the BPF object has no `const volatile` variable of that name; if only callbacks use the parameter, mark it `.callbacks = 1`",
		name, param->name);
}

int rodata_write(struct bpf_object *object, const char *name, const struct instance_param *param,
	struct xslot_diag *diag)
{
	struct target target = { .name = name, .param = param, .btf = bpf_object__btf(object), .diag = diag };
	struct types_variable variable;
	const struct bpf_map *map;
	uint8_t *section;
	int64_t bytes;
	size_t size;

	if (!target.btf || types_find_variable(target.btf, param->name, &variable) < 0)
		return no_variable(name, param, diag);
	if (strncmp(variable.section, ".rodata", 7) != 0) {
		if (param->optional)
			return 0;
		return fail(diag, -EINVAL,
			"%s: parameter %s: its variable in the BPF object is in %s, not in .rodata: declare it `const volatile`",
			name, param->name, variable.section);
	}
	if (!types_is_volatile(target.btf, variable.id))
		return fail(diag, -EINVAL,
			"%s: parameter %s: its variable is const without volatile, so the compiler has put its initial value into the code: declare it `const volatile`",
			name, param->name);
	map = bpf_object__find_map_by_name(object, variable.section);
	/* The bytes that the map will start with: libbpf's own memory, writable until load. */
	section = map ? (uint8_t *)bpf_map__initial_value((struct bpf_map *)map, &size) : NULL;
	if (!section || variable.offset > size || variable.size > size - variable.offset)
		return fail(diag, -EINVAL, "%s: parameter %s: BTF places its variable outside of %s", name,
			param->name, variable.section);
	target.type_id = variable.id;
	target.type = types_resolve(target.btf, btf_read_type(target.btf, variable.id)->type);
	target.data = section + variable.offset;
	bytes = btf__resolve_size(target.btf, variable.id);
	if (!target.type || bytes <= 0 || bytes > (int64_t)variable.size)
		return fail(diag, -EINVAL, "%s: parameter %s: the BTF of its variable is broken", name,
			param->name);
	return write_value(&target);
}

bool rodata_has(const struct bpf_object *object, const char *name)
{
	const struct btf *btf = bpf_object__btf(object);
	struct types_variable variable;

	return btf && types_find_variable(btf, name, &variable) == 0;
}

static bool is_set(const char *name, const struct instance_param *params, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(params[i].name, name) == 0)
			return true;
	return strncmp(name, "xslot_", 6) == 0; /* slot.bpf.h's */
}

size_t rodata_spare(const struct bpf_object *object, const struct instance_param *params, size_t n,
	const char **ret_names, size_t max)
{
	const struct btf *btf = bpf_object__btf(object);
	size_t n_spare = 0;

	for (uint32_t id = 1; btf && id < btf__type_cnt(btf) && n_spare < max; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf_read_name(btf, type->name_off);

		if (btf_is_var(type) && types_is_volatile(btf, id) && !is_set(name, params, n))
			ret_names[n_spare++] = name;
	}
	return n_spare;
}
