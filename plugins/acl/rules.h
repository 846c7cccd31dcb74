/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The rules file as data: what each line says, in order of lines. */
#ifndef ACL_RULES_H
#define ACL_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "line.h"
#include "problems.h"

struct rules {
	struct rule *rules;
	size_t n_rules;
	const struct rule **by_key; /* sorted by key, then line */
};

/*
 * Read a rules file. Lines that are wrong are told to `problems` and left out, so that what remains can be
 * checked for more. Returns -ENOMEM only.
 */
int rules_parse(const uint8_t *data, size_t size, struct rules **ret_rules, struct problems *problems);
void rules_free(struct rules *rules); /* accepts NULL */

/* The rule with that key; NULL when there is none. */
const struct rule *rules_find(const struct rules *rules, uint64_t key);

#endif
