/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The messages of one instance, from its ring buffer (XSLOT_MESSAGES) to lines for a log. */
#ifndef KERNEL_MESSAGES_MESSAGES_H
#define KERNEL_MESSAGES_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "util/diag.h"

#define MESSAGES_BATCH 256 /* records that one messages_read() takes at most */

struct messages;

/* `level` is syslog's. */
typedef void (*messages_sink)(void *data, int level, const char *line);

/* `map_fd` is a ring buffer; it must stay open until messages_close(). Two descriptors more. */
int messages_open(
	int map_fd, messages_sink sink, void *data, struct messages **ret_messages, struct xslot_diag *diag);

/*
 * Write what there is, as far as limit.h allows it, and how many were left out before. True: it took a whole
 * batch, and there may be more; call again, but not at once, or packets would decide how busy the caller is.
 */
bool messages_read(struct messages *messages, uint64_t now_us);
/* When to call messages_read() even if the ring buffer is empty; 0: not at all. */
uint64_t messages_due(const struct messages *messages);

/* Write what is left, and how many were left out. Accepts NULL. */
void messages_close(struct messages *messages, uint64_t now_us);

#endif
