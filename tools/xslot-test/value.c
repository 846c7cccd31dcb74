/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf can print typed data as C initialisers, with casts and types around every number. Tests want to be
 * read: names and numbers, no more.
 */
#include "value.h"

#include <bpf/btf.h>
#include <inttypes.h>
#include <string.h>

static void print_bytes(const uint8_t *bytes, size_t size, FILE *out)
{
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%s%02x", i ? " " : "", bytes[i]);
}

static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type &&
		(btf_is_mod(type) || btf_is_typedef(type) || btf_is_var(type) || btf_is_type_tag(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* `bits` of a number from bit `shift` of the bytes on; little-endian machines only, as BPF's are here. */
static uint64_t load(const uint8_t *bytes, size_t size, unsigned shift, unsigned bits)
{
	uint64_t number = 0;

	memcpy(&number, bytes, size < sizeof(number) ? size : sizeof(number));
	number >>= shift;
	return bits < 64 ? number & ((UINT64_C(1) << bits) - 1) : number;
}

static void print_int(
	const struct btf_type *type, const uint8_t *bytes, unsigned shift, unsigned bits, FILE *out)
{
	uint64_t number;

	if (type->size > 8) {
		print_bytes(bytes, type->size, out);
		return;
	}
	number = load(bytes, type->size, shift, bits);
	if (btf_int_encoding(type) & BTF_INT_SIGNED && bits < 64 && number >> (bits - 1) & 1)
		number |= ~UINT64_C(0) << bits;
	if (btf_int_encoding(type) & BTF_INT_SIGNED)
		fprintf(out, "%" PRId64, (int64_t)number);
	else
		fprintf(out, "%" PRIu64, number);
}

static void print_enum(const struct btf *btf, const struct btf_type *type, uint64_t number, FILE *out)
{
	const struct btf_enum *values = btf_enum(type);

	for (unsigned i = 0; btf_is_enum(type) && i < btf_vlen(type); i++) {
		if ((uint32_t)values[i].val == (uint32_t)number) {
			fprintf(out, "%s", btf__name_by_offset(btf, values[i].name_off));
			return;
		}
	}
	fprintf(out, "%" PRIu64, number);
}

static void print(
	const struct btf *btf, uint32_t id, const uint8_t *bytes, unsigned shift, unsigned bits, FILE *out);

static void print_array(const struct btf *btf, const struct btf_type *type, const uint8_t *bytes, FILE *out)
{
	const struct btf_array *array = btf_array(type);
	const struct btf_type *element = resolve(btf, array->type);
	int64_t size = btf__resolve_size(btf, array->type);

	if (!element || size <= 0)
		return;
	if (btf_is_int(element) && size == 1) {
		print_bytes(bytes, array->nelems, out);
		return;
	}
	for (unsigned i = 0; i < array->nelems; i++) {
		fputc(i ? ' ' : '[', out);
		print(btf, array->type, bytes + i * (size_t)size, 0, 0, out);
	}
	fputc(']', out);
}

/* Padding has no name, or says so itself. */
static int is_padding(const char *name)
{
	return !strncmp(name, "padding", 7) || !strncmp(name, "reserved", 8) || !strncmp(name, "__pad", 5);
}

static void print_members(const struct btf *btf, const struct btf_type *type, const uint8_t *bytes, FILE *out)
{
	const struct btf_member *members = btf_members(type);
	const char *between = "";

	fputc('{', out);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, members[i].name_off);
		unsigned offset = btf_member_bit_offset(type, i), bits = btf_member_bitfield_size(type, i);

		if (is_padding(name))
			continue;
		fprintf(out, "%s%s%s", between, name, *name ? " " : "");
		print(btf, members[i].type, bytes + offset / 8, offset % 8, bits, out);
		between = ", ";
	}
	fputc('}', out);
}

static void print_section(const struct btf *btf, const struct btf_type *type, const uint8_t *bytes, FILE *out)
{
	const struct btf_var_secinfo *variables = btf_var_secinfos(type);

	fputc('{', out);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, variables[i].type);

		fprintf(out, "%s%s ", i ? ", " : "", btf__name_by_offset(btf, variable->name_off));
		print(btf, variables[i].type, bytes + variables[i].offset, 0, 0, out);
	}
	fputc('}', out);
}

/* `bits` 0: the whole type. */
static void print(
	const struct btf *btf, uint32_t id, const uint8_t *bytes, unsigned shift, unsigned bits, FILE *out)
{
	const struct btf_type *type = resolve(btf, id);

	if (!type)
		fputc('?', out);
	else if (btf_is_int(type))
		print_int(type, bytes, shift, bits ?: btf_int_bits(type), out);
	else if (btf_is_any_enum(type))
		print_enum(btf, type, load(bytes, type->size, shift, bits ?: type->size * 8), out);
	else if (btf_is_array(type))
		print_array(btf, type, bytes, out);
	else if (btf_is_composite(type))
		print_members(btf, type, bytes, out);
	else if (btf_is_datasec(type))
		print_section(btf, type, bytes, out);
	else
		print_bytes(bytes, (size_t)btf__resolve_size(btf, id), out);
}

void value_print(const struct btf *btf, uint32_t type, const void *bytes, size_t size, FILE *out)
{
	const struct btf_type *resolved = btf && type ? resolve(btf, type) : NULL;

	if (!resolved || (btf__resolve_size(btf, type) > (int64_t)size && !btf_is_datasec(resolved)))
		print_bytes(bytes, size, out);
	else
		print(btf, type, bytes, 0, 0, out);
}
