/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Inside adoption.c and adoption_interfaces.c. */
#ifndef HOST_ADOPT_ADOPTION_PRIVATE_H
#define HOST_ADOPT_ADOPTION_PRIVATE_H

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
void adoption_say(const struct found *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Give the chains their interfaces. */
int adoption_interfaces(const struct found *found, struct xslot_diag *diag);
/* A pin tells an interface's index; the files may call it by another of its names. */
int adoption_names(const struct found *found, struct xslot_diag *diag);

#endif
