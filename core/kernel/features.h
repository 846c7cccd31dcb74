/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What this kernel allows, found out by trying. */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

struct feature {
	const char
		*name; /* "freplace", "tail-call-extension", "xdp-link", "frags", "live-frames", "decl-tag" */
	bool available;
	char why[256]; /* when not available: the reason, in words; else "" */
};

/* Probe; the array is the caller's to free. Loads and unloads small programs; changes nothing else. */
size_t features_probe(struct feature **ret_features);

/* One of them each: 0, or -errno and why not (`ret_why` may be NULL when `why_size` is 0). */
int features_freplace(char *ret_why, size_t why_size);
int features_frags(char *ret_why, size_t why_size);

#endif
