/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * BTF comes from a file, and libbpf does not check its offsets and ids: it returns NULL for invalid ones.
 * These functions never return NULL. All of our code uses them to read names, and types that it does not
 * test; the style test looks for exceptions.
 */
#ifndef EXTENSION_BTF_READ_H
#define EXTENSION_BTF_READ_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The text at this offset, of a type, a member or a file; "" when there is none. */
static inline const char *btf_read_name(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__str_by_offset(btf, offset);

	return name ? name : "";
}

static inline bool btf_read_is_named(const struct btf *btf, uint32_t offset, const char *name)
{
	return strcmp(btf_read_name(btf, offset), name) == 0;
}

/* The same text in both; not when one of them leads nowhere. */
static inline bool btf_read_same_name(
	const struct btf *a, uint32_t a_offset, const struct btf *b, uint32_t b_offset)
{
	const char *a_name = btf__str_by_offset(a, a_offset), *b_name = btf__str_by_offset(b, b_offset);

	return a_name && b_name && strcmp(a_name, b_name) == 0;
}

/* The type of this id; void, which is of no kind, has no members and no name, when there is none. */
static inline const struct btf_type *btf_read_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return type ? type : btf__type_by_id(btf, 0);
}

#endif
