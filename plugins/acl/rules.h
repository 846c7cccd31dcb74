/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The rules file as data: what each line says, in order of lines. */
#ifndef ACL_RULES_H
#define ACL_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "line.h"

struct rules {
	struct rule *rules;
	size_t n_rules;
	const struct rule **by_key; /* sorted by key, then line */
};

/*
 * Read a rules file from its begin. Lines that are wrong are reported and left out, so that what remains can
 * be checked for more. Returns -ENOMEM only.
 */
int rules_parse(struct xslot_file *file, struct rules **ret_rules);
void rules_free(struct rules *rules); /* accepts NULL */

/* The rule with that key; NULL when there is none. */
const struct rule *rules_find(const struct rules *rules, uint64_t key);

#endif
