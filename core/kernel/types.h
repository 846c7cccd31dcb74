/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Questions about a BPF object's types, answered from its BTF. Pure: no syscalls. */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct btf_type;

/* A global variable, and the data section that it lies in. Names are BTF's. */
struct types_variable {
	const char *section;
	uint32_t id;	 /* of its VAR */
	uint32_t offset; /* in the section */
	uint32_t size;
};

/* What the type is once typedefs, const, volatile and tags are taken off. NULL when the BTF is broken. */
const struct btf_type *types_resolve(const struct btf *btf, uint32_t id);

/* The variable `name`, in whatever data section; maps are variables of ".maps". -ENOENT when there is none.
 */
int types_find_variable(const struct btf *btf, const char *name, struct types_variable *ret_variable);

/* Is this variable volatile? An array is as volatile as its elements: C puts the qualifiers there. */
bool types_is_volatile(const struct btf *btf, uint32_t id);

/* The declaration tags of a type (a VAR, for a variable), one by one; `*at` is 0 first. NULL: no more. */
const char *types_next_tag(const struct btf *btf, uint32_t id, uint32_t *at);
/* Has it this one? */
bool types_tagged(const struct btf *btf, uint32_t id, const char *tag);

/*
 * Do two types mean the same bytes? Members must agree in name, place and type, all the way down; names of
 * types and of enumerators do not count, typedefs neither. Pointers agree when what they point to has one
 * kind and one name. Also for data sections, variable by variable.
 */
bool types_same_layout(const struct btf *a, uint32_t a_id, const struct btf *b, uint32_t b_id);

/* Is `id` a struct of this name, or does it hold one by value at any depth? */
bool types_contain(const struct btf *btf, uint32_t id, const char *struct_name);

/* Is it made of integers of 8 bytes and nothing else? */
bool types_is_numbers(const struct btf *btf, uint32_t id);
/* Is it kept in network byte order: __be16, __be32, __be64 or a typedef of these? */
bool types_is_network_order(const struct btf *btf, uint32_t id);
/* Is it an IP address: __be32, in_addr_t, struct in_addr, struct in6_addr? Or struct xslot_prefix. */
bool types_is_address(const struct btf *btf, uint32_t id);

/* "an unsigned integer of 4 bytes", "an array of 6 unsigned integers of 1 byte", "struct flow", … */
void types_describe(const struct btf *btf, uint32_t id, char *ret_words, size_t size);

#endif
