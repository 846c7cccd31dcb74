/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a frame is to those who receive it, read from the RFCs and not from xslot/parse.bpf.h: the oracle for
 * tests of that and of plugins that use it. Where the RFCs leave a choice, or a receiver might guess, nothing
 * is known.
 */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reference_kind {
	REFERENCE_UNKNOWN, /* `why` says what is wrong */
	REFERENCE_NOT_IP,
	REFERENCE_WHOLE,
	REFERENCE_FIRST, /* fragment: as good as whole, but more comes */
	REFERENCE_LATER, /* fragment: what it carries began in another packet */
};

struct reference {
	enum reference_kind kind;
	const char *why;
	bool ipv6; /* this and all that follows: of IP packets whose kind is known */
	uint8_t source[16], destination[16];
	bool has_protocol;
	uint8_t protocol;
	bool has_ports;
	uint16_t sport, dport;
	bool has_type;
	uint8_t type, code;
	size_t at;   /* where the first byte behind the IP headers is in the frame */
	size_t size; /* how many of those the packet has */
};

void reference_read(const uint8_t *frame, size_t size, struct reference *ret);

#endif
