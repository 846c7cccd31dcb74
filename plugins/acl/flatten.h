/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Rules in the form that the packet path needs: see acl.h. */
#ifndef ACL_FLATTEN_H
#define ACL_FLATTEN_H

#include "acl.h"
#include "rules.h"

struct flat_prefix {
	uint8_t length;
	uint8_t address[16];
	uint32_t first; /* index in entries */
};

struct flat_family {
	struct flat_prefix *prefixes;
	size_t n_prefixes;
};

/* How many, the first one's line, and the line of the rule because of which it is one. */
struct flat_shadowed {
	size_t n;
	unsigned line;
	unsigned by_line;
};

struct flat {
	struct acl_entry *entries; /* the first one unused */
	size_t n_entries;
	struct flat_family family[2]; /* IPv4, IPv6 */
	struct flat_shadowed dead;    /* rules that an earlier one at the same prefix always decides before */
	struct flat_shadowed partly;  /* those left with nothing but later fragments */
};

/* A prefix at which too many rules are effective is reported. Returns -ENOMEM only. */
int flatten(const struct rules *rules, struct flat **ret_flat, struct xslot_file *file);
void flat_free(struct flat *flat); /* accepts NULL */

#endif
