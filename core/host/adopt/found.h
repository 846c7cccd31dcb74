/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The data of an adoption, for this folder only. */
#ifndef HOST_ADOPT_FOUND_H
#define HOST_ADOPT_FOUND_H

#include <stddef.h>

#include "host/adopt/adoption.h"
#include "util/diag.h"

struct found {
	struct chain **chains;
	size_t n;
	struct setup *setup;
	struct report *notes; /* NULL: adopt; else only look, and this is where the sentences go */
};

/* What is left alone, and an operator should know of. */
void found_say(const struct found *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
