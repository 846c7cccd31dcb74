/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One line of a rules file. */
#ifndef ACL_LINE_H
#define ACL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/file.h>

#define RULE_TEXT_MAX 96

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

/* The file's current line. False when it is wrong, which is reported. */
bool rule_parse(struct xslot_file *file, struct rule *ret_rule);

/* As a line of the file, in the one form that means the same: "deny 192.0.2.0/24 tcp 80-90". */
void rule_text(const struct rule *rule, char text[RULE_TEXT_MAX]);

#endif
