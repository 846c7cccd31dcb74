/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* SHA-256, to compare contents across processes. */
#ifndef UTIL_DIGEST_H
#define UTIL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

struct digest digest_of(const void *data, size_t size);

#endif
