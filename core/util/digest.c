/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "util/digest.h"

#include <sha2.h>

struct digest digest_of(const void *data, size_t size)
{
	struct digest digest;
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, data, size);
	SHA256Final(digest.bytes, &context);
	return digest;
}
