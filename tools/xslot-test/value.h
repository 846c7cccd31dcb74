/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The bytes of a map's keys and values as text, by their BTF. */
#ifndef XSLOT_TEST_VALUE_H
#define XSLOT_TEST_VALUE_H

#include <stdint.h>
#include <stdio.h>

struct btf;

/*
 * Numbers in decimal, bytes in hex, "{packets 1, bytes 60}". Without BTF (`btf` NULL, or `type` 0) bytes.
 */
void value_print(const struct btf *btf, uint32_t type, const void *bytes, size_t size, FILE *out);

#endif
