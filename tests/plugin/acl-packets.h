/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Random packets: headers of all kinds, some of which lie about their lengths, about what comes next, or
 * about being fragments; cut off, or with more behind them than is theirs. What they are is reference.h's to
 * say.
 */
#ifndef TESTS_ACL_PACKETS_H
#define TESTS_ACL_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_FIELDS 32

struct packet {
	uint8_t bytes[3072];
	size_t size;
	char text[512]; /* how it was made */

	/* Where lies can be told. */
	size_t n_fields;
	struct packet_field {
		size_t at;
		bool wide; /* 16 bits, else 8 */
		const char *name;
	} fields[PACKET_FIELDS];
};

/* One source of chance for the whole test, so that a seed repeats it. */
void chance_seed(uint64_t seed);
uint32_t chance(uint32_t below); /* 0 to below - 1 */

/* An address of few bits, so that prefixes and packets meet. */
void chance_address(bool ipv6, uint8_t address[16]);
uint16_t chance_port(void);
uint8_t chance_protocol(void);

void packet_make(struct packet *packet);

#endif
