/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* For test-parse.c: a packet made by hand, parsed by parse.bpf.c's programs, and read by reference.c as well.
 */
#ifndef TESTS_PARSE_RIG_H
#define TESTS_PARSE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

/* As in xslot/parse.bpf.h, which is for BPF only. */
enum { PARSED, NOT_IP, TRUNCATED, MALFORMED, TOO_DEEP };
enum { PORTS = 1, ICMP = 2, FIRST = 4, LATER = 8, HIDDEN = 16 };

#define MAX_PACKET (17 * 4096) /* what a test run takes in several buffers */

/* The packet, and what parse_all_cuts() has to know of it: 0 for the family: it is not IP, or not reached. */
extern uint8_t bytes[MAX_PACKET + 1];
extern size_t size;
extern unsigned ip_family;

void add(const void *data, size_t n);
#define ADD(...) add((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
void put16(size_t at, size_t value);
void begin(unsigned ethertype, unsigned tags, unsigned tag);
void add_ip4(unsigned protocol, unsigned options, unsigned fragment);
void add_ip6(unsigned next);
/* An extension header of `units` times 8 bytes (a fragment header: always one). */
void add_header(unsigned next, unsigned units);
/* From port 12345 to 80, as short as it may be. */
void add_transport(unsigned protocol);
/* The IP header says that the packet has `end` bytes, of those from the Ethernet header on. */
void say(size_t end);

/*
 * By both programs: xslot_parse_addresses() agrees in all that it looks at, and leaves the rest. And as in a
 * chain with frags, where there is no difference while there is one buffer. And as reference.c says.
 */
struct found parse(void);

/*
 * The packet as it is, and cut everywhere: what is cut before `need` must be truncated. A frame that is cut
 * behind it holds less than the packet says to be, which is the same; one that is not, and whose packet says
 * to be shorter, is that shorter packet with something behind it.
 */
struct found parse_all_cuts(size_t need);

/* In several buffers, and as reference.c says; only where the kernel has frags. */
struct found parse_frags(void);
bool has_frags(void);

int parse_load(void **arg);
int parse_unload(void **arg);

#endif
