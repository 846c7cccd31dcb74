/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What this kernel allows, found out by trying. */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

struct feature {
	const char *name; /* "freplace", "xdp-link", "frags", "decl-tag", "tail-call-extension", … */
	bool available;
	char why[256]; /* when not available: the reason, in words */
};

/* Probe; the array is the caller's to free. Loads and unloads small programs; changes nothing else. */
size_t features_probe(struct feature **ret_features);

/* Only the first: 0, or why freplace is refused. */
int features_freplace(char *ret_why, size_t why_size);

#endif
