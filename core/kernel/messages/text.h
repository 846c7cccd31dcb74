/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One record of XSLOT_MESSAGES as a line. A program may have written anything into its ring buffer. */
#ifndef KERNEL_MESSAGES_TEXT_H
#define KERNEL_MESSAGES_TEXT_H

#include <stddef.h>
#include <xslot/slots.h>

#define MESSAGES_LINE 512

/*
 * A copy of the record that can be read: its text ends, its numbers are in bounds. -EPROTO: of another
 * format; -EINVAL: it is too short for one.
 */
int text_take(const void *record, size_t size, struct xslot_message *ret_message);

/* The text with its values; cut off at the end of the line's room. */
void text_format(const struct xslot_message *message, char ret_line[static MESSAGES_LINE]);

#endif
