/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Random packets that know what they are: the test never parses what it built. */
#ifndef TESTS_ACL_PACKETS_H
#define TESTS_ACL_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_kind {
	PACKET_PLAIN,	/* whole, or a first fragment */
	PACKET_LATER,	/* a later fragment */
	PACKET_UNKNOWN, /* cut off, contradictory, too deep */
	PACKET_NOT_IP,
};

struct packet {
	uint8_t bytes[2048];
	size_t size;
	enum packet_kind kind;
	bool ipv6;
	uint8_t source[16];
	uint8_t protocol;
	bool has_ports;
	uint16_t dport;
	char text[256]; /* how it was made */
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
