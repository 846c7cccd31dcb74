/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program's side is inlined into plugins that were built at any time, so each record begins with the
 * number of its format, and one of another format is ignored, with a sentence about it. A plugin of ABI 1
 * reads its ring buffer itself, which has no mark.
 */
#include "kernel/messages/messages.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/messages/limit.h"
#include "kernel/messages/text.h"
#include "util/cleanup.h"

#define ROUNDS 8 /* of batches, at the end: more than a buffer holds */

struct messages {
	struct ring_buffer *buffer;
	messages_sink sink;
	void *data;
	struct limit limit;
	uint64_t now_us;
	unsigned n; /* records of this batch */
	bool told;  /* that a record is not one of ours */
};

static void tell_left_out(void *data, unsigned level, uint64_t n, const char *text)
{
	struct messages *messages = data;
	char line[MESSAGES_LINE];

	if (text)
		snprintf(line, sizeof(line), "%" PRIu64 " more like this: %s", n, text);
	else
		snprintf(line, sizeof(line), "%" PRIu64 " more messages with other texts", n);
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	messages->sink(messages->data, (int)level, line);
}

static void tell_unknown(struct messages *messages, const uint8_t *record, size_t size)
{
	char line[MESSAGES_LINE];

	if (messages->told)
		return;
	messages->told = true;
	snprintf(line, sizeof(line),
		"its program writes messages of %zu bytes in format %u, and this host reads format %d: they are not shown; build the plugin with the host's headers",
		size, size ? record[0] : 0, XSLOT_MESSAGE_FORMAT);
	messages->sink(messages->data, 4, line);
}

static int take(void *data, void *record, size_t size)
{
	struct messages *messages = data;
	struct xslot_message message;
	char line[MESSAGES_LINE];

	if (text_take(record, size, &message) < 0) {
		tell_unknown(messages, record, size);
	} else if (limit_take(&messages->limit, message.head.level, message.head.text, messages->now_us)) {
		text_format(&message, line);
		messages->sink(messages->data, message.head.level, line);
	}
	return ++messages->n < MESSAGES_BATCH ? 0 : -EAGAIN;
}

bool messages_read(struct messages *messages, uint64_t now_us)
{
	messages->now_us = now_us;
	messages->n = 0;
	if (limit_over(&messages->limit, now_us))
		limit_end(&messages->limit, tell_left_out, messages);
	ring_buffer__consume(messages->buffer);
	return messages->n >= MESSAGES_BATCH;
}

uint64_t messages_due(const struct messages *messages)
{
	return limit_due(&messages->limit);
}

int messages_open(
	int map_fd, messages_sink sink, void *data, struct messages **ret_messages, struct xslot_diag *diag)
{
	CLEANUP(free) struct messages *messages = calloc(1, sizeof(*messages));

	if (!messages)
		return fail(diag, -ENOMEM, "out of memory");
	messages->sink = sink;
	messages->data = data;
	messages->buffer = ring_buffer__new(map_fd, take, messages, NULL);
	if (!messages->buffer)
		return fail(diag, -errno, "cannot open the ring buffer of its messages: %s", strerror(errno));
	*ret_messages = TAKE_PTR(messages);
	return 0;
}

void messages_close(struct messages *messages, uint64_t now_us)
{
	if (!messages)
		return;
	for (unsigned i = 0; i < ROUNDS && messages_read(messages, now_us); i++)
		;
	limit_end(&messages->limit, tell_left_out, messages);
	ring_buffer__free(messages->buffer);
	free(messages);
}
