/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf can print typed data as C initialisers, with casts and types around every number. Tests should be
 * easy to read: names and numbers, no more, and what a type's name says about its bytes: addresses, MACs,
 * numbers in network byte order.
 */
#include "value.h"

#include <arpa/inet.h>
#include <bpf/btf.h>
#include <inttypes.h>
#include <string.h>
#include <xslot/slots.h>

#include "extension/btf_read.h"

#define DEPTH_MAX 32

/* In a damaged BTF a type may be larger than its value, hold itself, or be an alias of itself. */
struct printer {
	const struct btf *btf;
	const uint8_t *end; /* of the value */
	FILE *out;
	int depth;
};

static void print_bytes(const uint8_t *bytes, size_t size, FILE *out)
{
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%s%02x", i ? " " : "", bytes[i]);
}

static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !(btf_is_mod(type) || btf_is_typedef(type) || btf_is_var(type) ||
				     btf_is_type_tag(type)))
			return type;
		id = type->type;
	}
	return NULL;
}

/* Is it a typedef of that name, with const and volatile around it or not? */
static int is_called(const struct btf *btf, uint32_t id, const char *name)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !(btf_is_mod(type) || btf_is_typedef(type) || btf_is_var(type)))
			return 0;
		if (btf_is_typedef(type) && !strcmp(btf_read_name(btf, type->name_off), name))
			return 1;
		id = type->type;
	}
	return 0;
}

static void print_address(int family, const uint8_t *bytes, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	fputs(inet_ntop(family, bytes, text, sizeof(text)), out);
}

static int is_struct(const struct btf *btf, const struct btf_type *type, const char *name, uint32_t size)
{
	return btf_is_struct(type) && type->size == size && !strcmp(btf_read_name(btf, type->name_off), name);
}

/* What the type's name says; 0 if it says nothing. All its bytes are there. */
static int print_by_name(
	const struct btf *btf, uint32_t id, const struct btf_type *type, const uint8_t *bytes, FILE *out)
{
	uint64_t number = 0;

	if (is_struct(btf, type, "in6_addr", 16)) {
		print_address(AF_INET6, bytes, out);
	} else if (is_struct(btf, type, "xslot_prefix", sizeof(struct xslot_prefix)) &&
		   (bytes[16] == 4 || bytes[16] == 6)) {
		print_address(bytes[16] == 4 ? AF_INET : AF_INET6, bytes, out);
		fprintf(out, "/%u", bytes[17]);
	} else if (btf_is_int(type) && type->size == 4 && is_called(btf, id, "__be32")) {
		print_address(AF_INET, bytes, out);
	} else if (btf_is_int(type) && ((type->size == 2 && is_called(btf, id, "__be16")) ||
					       (type->size == 8 && is_called(btf, id, "__be64")))) {
		for (uint32_t i = 0; i < type->size; i++)
			number = number << 8 | bytes[i];
		fprintf(out, "%" PRIu64, number);
	} else {
		return 0;
	}
	return 1;
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

	if (type->size > 8 || bits == 0) {
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
			fprintf(out, "%s", btf_read_name(btf, values[i].name_off));
			return;
		}
	}
	fprintf(out, "%" PRIu64, number);
}

static void print(struct printer *to, uint32_t id, const uint8_t *bytes, unsigned shift, unsigned bits);

static void print_array(struct printer *to, const struct btf_type *type, const uint8_t *bytes)
{
	const struct btf_array *array = btf_array(type);
	const struct btf_type *element = resolve(to->btf, array->type);
	int64_t size = btf__resolve_size(to->btf, array->type);

	if (!element || size <= 0)
		return;
	if (btf_is_int(element) && size == 1 && array->nelems == 6) {
		for (unsigned i = 0; i < 6; i++)
			fprintf(to->out, "%s%02x", i ? ":" : "", bytes[i]);
		return;
	}
	if (btf_is_int(element) && size == 1) {
		print_bytes(bytes, array->nelems, to->out);
		return;
	}
	for (unsigned i = 0; i < array->nelems; i++) {
		fputc(i ? ' ' : '[', to->out);
		print(to, array->type, bytes + i * (size_t)size, 0, 0);
	}
	fputc(']', to->out);
}

/* Padding has no name, or says so itself. */
static int is_padding(const char *name)
{
	return !strncmp(name, "padding", 7) || !strncmp(name, "reserved", 8) || !strncmp(name, "__pad", 5);
}

static void print_members(struct printer *to, const struct btf_type *type, const uint8_t *bytes)
{
	const struct btf_member *members = btf_members(type);
	const char *between = "";

	fputc('{', to->out);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *name = btf_read_name(to->btf, members[i].name_off);
		unsigned offset = btf_member_bit_offset(type, i), bits = btf_member_bitfield_size(type, i);

		if (is_padding(name))
			continue;
		fprintf(to->out, "%s%s%s", between, name, *name ? " " : "");
		print(to, members[i].type, bytes + offset / 8, offset % 8, bits);
		between = ", ";
	}
	fputc('}', to->out);
}

static void print_section(struct printer *to, const struct btf_type *type, const uint8_t *bytes)
{
	const struct btf_var_secinfo *variables = btf_var_secinfos(type);

	fputc('{', to->out);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const struct btf_type *variable = btf_read_type(to->btf, variables[i].type);

		fprintf(to->out, "%s%s ", i ? ", " : "", btf_read_name(to->btf, variable->name_off));
		print(to, variables[i].type, bytes + variables[i].offset, 0, 0);
	}
	fputc('}', to->out);
}

/* Of a section each variable is looked at, and what lies in it. */
static int is_inside(const struct printer *to, const struct btf_type *type, uint32_t id, const uint8_t *bytes)
{
	int64_t size = btf_is_datasec(type) ? 0 : btf__resolve_size(to->btf, id);

	return to->depth <= DEPTH_MAX && size >= 0 && bytes <= to->end && size <= to->end - bytes;
}

/* `bits` 0: the whole type. */
static void print(struct printer *to, uint32_t id, const uint8_t *bytes, unsigned shift, unsigned bits)
{
	const struct btf_type *type = resolve(to->btf, id);

	if (!type || !is_inside(to, type, id, bytes)) {
		fputc('?', to->out);
		return;
	}
	if (!bits && print_by_name(to->btf, id, type, bytes, to->out))
		return;
	to->depth++;
	if (btf_is_int(type))
		print_int(type, bytes, shift, bits ?: btf_int_bits(type), to->out);
	else if (btf_is_any_enum(type))
		print_enum(to->btf, type, load(bytes, type->size, shift, bits ?: type->size * 8), to->out);
	else if (btf_is_array(type))
		print_array(to, type, bytes);
	else if (btf_is_composite(type))
		print_members(to, type, bytes);
	else if (btf_is_datasec(type))
		print_section(to, type, bytes);
	else
		print_bytes(bytes, (size_t)btf__resolve_size(to->btf, id), to->out);
	to->depth--;
}

void value_print(const struct btf *btf, uint32_t type, const void *bytes, size_t size, FILE *out)
{
	struct printer to = { .btf = btf, .end = (const uint8_t *)bytes + size, .out = out };
	const struct btf_type *resolved = btf && type ? resolve(btf, type) : NULL;

	if (!resolved || !is_inside(&to, resolved, type, bytes))
		print_bytes(bytes, size, out);
	else
		print(&to, type, bytes, 0, 0);
}
