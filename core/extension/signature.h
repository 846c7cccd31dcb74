/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether one function can replace another, as far as BTF shows it. */
#ifndef EXTENSION_SIGNATURE_H
#define EXTENSION_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>
#include <xslot/diag.h>

struct btf;

/* A function: a FUNC type in somebody's BTF. */
struct signature {
	const struct btf *btf;
	uint32_t function;
};

/*
 * 0, or -EPROTOTYPE with a sentence that shows both as C: the kernel's own rules (number of arguments, kind
 * of each and of the result, names of structs), and beyond them the size of what each argument points to. A
 * pointer to struct `context` (may be NULL) and to what is only declared is exempt from that.
 */
int signature_compare(const struct signature *target, const struct signature *extension, const char *context,
	struct xslot_diag *diag);

/* "int slot_0_a(struct xdp_md *)", cut to `size`. */
void signature_describe(const struct signature *signature, char *text, size_t size);

#endif
