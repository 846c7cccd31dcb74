/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The same packets through a chain's slots and through its fused program: is there a difference? */
#ifndef TESTS_TIERS_H
#define TESTS_TIERS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/dispatcher/dispatcher.h"

#define TIERS_PACKET_MAX 512
#define TIERS_PACKETS_MAX 256

struct tiers_packet {
	uint32_t size;
	uint32_t verdict;
	uint8_t bytes[TIERS_PACKET_MAX];
};

/* What a tier made of the packets, and what the dispatcher counted. */
struct tiers_result {
	struct tiers_packet packets[TIERS_PACKETS_MAX];
	uint64_t counted[XSLOT_DECIDERS * XSLOT_OUTCOMES]; /* by XSLOT_RESULT(…) */
};

/* Make `generation` the running one and send it the packets, one by one. Asserts that they can be sent. */
void tiers_run(struct dispatcher *dispatcher, const struct xslot_generation *generation,
	const struct tiers_packet *packets, size_t n, struct tiers_result *ret_result);

/* 0, or 1 and the first difference in words. */
int tiers_differ(const struct tiers_result *slots, const struct tiers_result *fused, size_t n, char *ret_text,
	size_t size);

/* The same for the content of two maps of one kind. */
int tiers_maps_differ(int slots_map, int fused_map, char *ret_text, size_t size);

#endif
