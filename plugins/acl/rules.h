/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The rules file as data: what each line says, in order of lines. */
#ifndef ACL_RULES_H
#define ACL_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/plugin.h>

#define RULE_TEXT_MAX 96
#define PROBLEMS_SHOWN 100

struct rule {
	unsigned line;
	uint8_t family;	     /* 4 or 6; 0: any source of either */
	uint8_t length;	     /* of the prefix, in bits */
	uint8_t address[16]; /* IPv4 in the first four; bits beyond length are 0 */
	bool deny;
	bool any_protocol;
	uint8_t protocol;
	bool has_ports; /* false for all 65,536 of them, however it was written */
	uint16_t port_low, port_high;
	uint64_t key; /* its normalised text, hashed: the name of its counter */
};

struct rules {
	struct rule *rules;
	size_t n_rules;
	const struct rule **by_key; /* sorted by key, then line */
};

/* Errors of a file go to the host as they are found: the first hundred, then how many more there are. */
struct problems {
	struct xslot_context *context;
	size_t n;
};

/* `line` 0 is about the whole file. */
void problem(struct problems *problems, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Returns 0 when there was no problem, else -EINVAL. */
int problems_finish(const struct problems *problems);

/* Read one line, without its newline. False when there is no rule in it; when it is wrong, `problems` knows.
 */
bool rule_parse(
	const uint8_t *text, size_t size, unsigned line, struct rule *ret_rule, struct problems *problems);

/* As a line of the file, in the one form that means the same: "deny 192.0.2.0/24 tcp 80-90". */
void rule_text(const struct rule *rule, char text[RULE_TEXT_MAX]);

/*
 * Read a rules file. Lines that are wrong are told to `problems` and left out, so that what remains can be
 * checked for more. Returns -ENOMEM only.
 */
int rules_parse(const uint8_t *data, size_t size, struct rules **ret_rules, struct problems *problems);
void rules_free(struct rules *rules); /* accepts NULL */

/* The rule with that key; NULL when there is none. */
const struct rule *rules_find(const struct rules *rules, uint64_t key);

#endif
