/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The user-space side of xslot_message() (<xslot/message.bpf.h>): writes the BPF program's messages to the
 * host's log. Link the plugin with libbpf. For a plugin that keeps nothing else in `data`:
 *
 *	static int start(struct xslot_context *context)
 *	{
 *		return xslot_messages_open(context, "messages", (struct xslot_messages **)&context->data);
 *	}
 *
 *	static void stop(struct xslot_context *context)
 *	{
 *		xslot_messages_close(context->data);
 *	}
 *
 * and `.resume = start`, so that it continues after the host restarts.
 */
#ifndef XSLOT_MESSAGE_H
#define XSLOT_MESSAGE_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <xslot/plugin.h>

#define XSLOT_MESSAGES_A_SECOND 20

struct xslot_messages {
	struct xslot_context *context;
	struct ring_buffer *buffer;
	time_t second; /* in which … */
	unsigned n;    /* … this many were written */
	unsigned left_out;
};

static inline void xslot_message_value(FILE *out, char how, uint64_t value)
{
	const uint8_t *bytes = (const uint8_t *)&value;

	if (how == 'd')
		fprintf(out, "%" PRId64, (int64_t)value);
	else if (how == 'x')
		fprintf(out, "%" PRIx64, value);
	else if (how == '4')
		fprintf(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
	else
		fprintf(out, "%" PRIu64, value);
}

static inline void xslot_message_print(const struct xslot_message *message, FILE *out)
{
	const char *at = message->text, *end = at + XSLOT_MESSAGE_TEXT;
	unsigned value = 0;

	for (; at < end && *at; at++) {
		if (*at != '%' || at + 1 == end || !at[1])
			fputc(*at, out);
		else if (*++at == '%')
			fputc('%', out);
		else if (value < XSLOT_MESSAGE_VALUES)
			xslot_message_value(out, *at, message->values[value++]);
	}
}

static inline void xslot_messages_left_out(struct xslot_messages *messages)
{
	if (messages->left_out)
		xslot_log(messages->context, 4, "%u more messages of its program were left out",
			messages->left_out);
	messages->left_out = 0;
}

/* Is one more allowed in this second? In a new second, first logs how many the last one left out. */
static inline int xslot_message_allowed(struct xslot_messages *messages)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != messages->second) {
		xslot_messages_left_out(messages);
		messages->second = now.tv_sec;
		messages->n = 0;
	}
	if (messages->n == XSLOT_MESSAGES_A_SECOND) {
		messages->left_out++;
		return 0;
	}
	messages->n++;
	return 1;
}

static inline int xslot_message_take(void *data, void *bytes, size_t size)
{
	struct xslot_messages *messages = (struct xslot_messages *)data;
	const struct xslot_message *message = (const struct xslot_message *)bytes;
	char text[256];
	FILE *out;

	if (size < sizeof(*message) || !xslot_message_allowed(messages))
		return 0;
	out = fmemopen(text, sizeof(text), "w");
	if (!out)
		return 0;
	xslot_message_print(message, out);
	fclose(out);
	text[sizeof(text) - 1] = 0;
	xslot_log(messages->context, (int)message->priority, "%s", text);
	return 0;
}

static inline void xslot_messages_read(struct xslot_context *context, void *data)
{
	(void)context;
	ring_buffer__consume(((struct xslot_messages *)data)->buffer);
}

/* Read the remaining messages, and free. NULL does nothing. */
static inline void xslot_messages_close(struct xslot_messages *messages)
{
	if (!messages)
		return;
	ring_buffer__consume(messages->buffer);
	xslot_messages_left_out(messages);
	ring_buffer__free(messages->buffer);
	free(messages);
}

/* For start and resume: once it is live, the program's messages in the ring buffer `map` are logged. */
static inline int xslot_messages_open(
	struct xslot_context *context, const char *map, struct xslot_messages **ret_messages)
{
	struct xslot_messages *messages;
	int fd = xslot_map_fd(context, map), r;

	if (fd < 0)
		return fd;
	messages = (struct xslot_messages *)calloc(1, sizeof(*messages));
	if (!messages)
		return -ENOMEM;
	messages->context = context;
	messages->buffer = ring_buffer__new(fd, xslot_message_take, messages, NULL);
	r = messages->buffer ? xslot_watch_fd(context, fd, EPOLLIN, xslot_messages_read, messages) : -errno;
	if (r < 0) {
		ring_buffer__free(messages->buffer);
		free(messages);
		return r;
	}
	*ret_messages = messages;
	return 0;
}

#endif
