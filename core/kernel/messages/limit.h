/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How many messages of one instance get into the log. Packets decide how many there are, so neither their
 * number nor their rate may decide how long the log becomes.
 */
#ifndef KERNEL_MESSAGES_LIMIT_H
#define KERNEL_MESSAGES_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <xslot/slots.h>

#define LIMIT_LINES 20 /* in a window */
#define LIMIT_OF_ONE 5 /* … with the same text */
#define LIMIT_TEXTS 16 /* that are told apart in a window */
#define LIMIT_FIRST_US 1000000
#define LIMIT_LAST_US 60000000

struct limit_text {
	char text[XSLOT_MESSAGE_TEXT];
	unsigned level;
	uint64_t n, left_out;
};

/*
 * A window lasts a second; after one that left messages out the next is twice as long, up to a minute, so
 * that a flood that goes on all day is some 20 lines a minute. Zeroed: none has begun.
 */
struct limit {
	uint64_t begin_us, length_us;
	unsigned n_lines, n_texts;
	struct limit_text texts[LIMIT_TEXTS];
	uint64_t others; /* left out, with other texts than these */
};

/* Is this message to be written? Call limit_end() first if limit_due() has come. */
bool limit_take(struct limit *limit, unsigned level, const char *text, uint64_t now_us);

/* When limit_end() has something to write: 0 if nothing is left out. */
uint64_t limit_due(const struct limit *limit);
/* Has the window ended? */
bool limit_over(const struct limit *limit, uint64_t now_us);

/* End the window: `tell` is called for each text of which messages were left out; NULL: for all others. */
void limit_end(struct limit *limit, void (*tell)(void *data, unsigned level, uint64_t n, const char *text),
	void *data);

#endif
