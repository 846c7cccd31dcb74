/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A value that the text asks for and the record lacks is shown as "?", and so is a byte that a terminal could
 * take for a command: the message is still worth reading.
 */
#include "kernel/messages/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *text;
	size_t n;
	const __u64 *words, *end;
};

int text_take(const void *record, size_t size, struct xslot_message *ret_message)
{
	const uint8_t *bytes = record;

	if (size < 1)
		return -EINVAL;
	if (bytes[0] != XSLOT_MESSAGE_FORMAT)
		return -EPROTO;
	if (size < sizeof(*ret_message))
		return -EINVAL;
	memcpy(ret_message, record, sizeof(*ret_message));
	ret_message->head.text[XSLOT_MESSAGE_TEXT - 1] = '\0';
	if (ret_message->head.n_words > XSLOT_MESSAGE_WORDS)
		ret_message->head.n_words = XSLOT_MESSAGE_WORDS;
	return 0;
}

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *format, ...)
{
	size_t room = MESSAGES_LINE - line->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->n, room, format, args);
	va_end(args);
	if (n > 0)
		line->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_number(struct line *line, char how, uint64_t number)
{
	if (how == 'd')
		add(line, "%" PRId64, (int64_t)number);
	else if (how == 'x')
		add(line, "%" PRIx64, number);
	else
		add(line, "%" PRIu64, number);
}

/* What the first of `words` and those behind it are. */
static void add_value(struct line *line, char how, const __u64 *words)
{
	const uint8_t *bytes = (const uint8_t *)words;
	char address[INET6_ADDRSTRLEN];

	if (how == 'm')
		add(line, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
			bytes[5]);
	else if (how == '4' || how == '6')
		add(line, "%s", inet_ntop(how == '4' ? AF_INET : AF_INET6, bytes, address, sizeof(address)));
	else
		add_number(line, how, words[0]);
}

static void add_next(struct line *line, char how)
{
	const __u64 *words = line->words;

	line->words += how == '6' ? 2 : 1;
	if (line->words <= line->end) {
		add_value(line, how, words);
		return;
	}
	line->words = line->end;
	add(line, "?");
}

void text_format(const struct xslot_message *message, char ret_line[static MESSAGES_LINE])
{
	struct line line = { ret_line, 0, message->words, message->words + message->head.n_words };

	ret_line[0] = '\0';
	for (const char *at = message->head.text; *at; at++) {
		if (*at == '%' && at[1]) {
			if (*++at == '%')
				add(&line, "%%");
			else
				add_next(&line, *at);
		} else {
			add(&line, "%c", (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
		}
	}
}
