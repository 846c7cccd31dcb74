/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For check, start and resume: an XSLOT_FILE parameter, read line by line and word by word. Blank lines and
 * comments, from '#' to the end of the line, are skipped; outside comments a file is plain ASCII. Each
 * function reports what is wrong to the host, with the line: the first hundred errors, then how many more.
 *
 *	struct xslot_prefix prefix;
 *	struct xslot_file file;
 *
 *	xslot_file_open(&file, context, "hosts");
 *	while (xslot_file_next(&file))
 *		if (file.n_words != 1)
 *			xslot_file_error(&file, "one prefix a line");
 *		else if (!xslot_file_prefix(&file, NULL, file.words[0], &prefix))
 *			...
 *	return xslot_file_close(&file);
 */
#ifndef XSLOT_FILE_H
#define XSLOT_FILE_H

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xslot/plugin.h>

#define XSLOT_FILE_WORDS 16 /* in a line */
#define XSLOT_FILE_WORD 64  /* bytes of a word, with its NUL */
#define XSLOT_FILE_ERRORS 100

/* Read `line`, `n_words` and `words`; the rest belongs to the functions. On the stack; nothing to free. */
struct xslot_file {
	struct xslot_context *context;
	const char *param;
	const uint8_t *next, *end;
	size_t n_errors;
	unsigned line; /* from 1; 0 before the first one */
	unsigned n_words;
	char words[XSLOT_FILE_WORDS][XSLOT_FILE_WORD];
};

/* Any bytes; they must live as long as `file`. */
static inline void xslot_file_begin(struct xslot_file *file, struct xslot_context *context, const char *param,
	const uint8_t *data, size_t size)
{
	memset(file, 0, sizeof(*file));
	file->context = context;
	file->param = param;
	file->next = data;
	file->end = size ? data + size : data;
}

/* The content of the parameter's file; one that is not given is empty. */
static inline void xslot_file_open(struct xslot_file *file, struct xslot_context *context, const char *param)
{
	const struct xslot_value *value = xslot_value(context, param);

	xslot_file_begin(file, context, param, value->type == XSLOT_FILE ? value->data : NULL,
		value->type == XSLOT_FILE ? value->size : 0);
}

/* An error at `line`, 0 for the whole file. Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) static inline int xslot_file_error_at(
	struct xslot_file *file, unsigned line, const char *format, ...)
{
	va_list args;

	if (file->n_errors++ >= XSLOT_FILE_ERRORS)
		return -EINVAL;
	va_start(args, format);
	file->context->host->error(file->context, file->param, line, format, args);
	va_end(args);
	return -EINVAL;
}

/* The same at the current line. */
#define xslot_file_error(file_, ...) xslot_file_error_at(file_, (file_)->line, __VA_ARGS__)

/* 0 if there was no error, else -EINVAL, for the callback to return. */
static inline int xslot_file_close(struct xslot_file *file)
{
	if (file->n_errors > XSLOT_FILE_ERRORS)
		xslot_error(file->context, file->param, 0, "%zu more errors, after the first %d",
			file->n_errors - XSLOT_FILE_ERRORS, XSLOT_FILE_ERRORS);
	return file->n_errors ? -EINVAL : 0;
}

static inline bool xslot_file_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The word that begins at `at`; returns its end, NULL if it is none. */
static inline const uint8_t *xslot_file_word(struct xslot_file *file, const uint8_t *at, const uint8_t *stop)
{
	const uint8_t *begin = at;

	for (; at < stop && !xslot_file_is_blank(*at) && *at != '#'; at++)
		if (*at < 0x20 || *at > 0x7e) {
			xslot_file_error(
				file, "byte 0x%02x: outside comments the file must be plain ASCII", *at);
			return NULL;
		}
	if (at - begin >= XSLOT_FILE_WORD)
		xslot_file_error(file, "\"%.20s...\" is %zu characters long: a word has at most %d",
			(const char *)begin, (size_t)(at - begin), XSLOT_FILE_WORD - 1);
	else if (file->n_words == XSLOT_FILE_WORDS)
		xslot_file_error(file, "\"%.*s\" is one word too many: a line has at most %d",
			(int)(at - begin), (const char *)begin, XSLOT_FILE_WORDS);
	else {
		memcpy(file->words[file->n_words], begin, (size_t)(at - begin));
		file->words[file->n_words++][at - begin] = '\0';
		return at;
	}
	return NULL;
}

/* Cut a line into words. False if it has none, or is wrong. */
static inline bool xslot_file_split(struct xslot_file *file, const uint8_t *at, const uint8_t *stop)
{
	file->n_words = 0;
	while (at) {
		while (at < stop && xslot_file_is_blank(*at))
			at++;
		if (at == stop || *at == '#')
			return file->n_words > 0;
		at = xslot_file_word(file, at, stop);
	}
	return false;
}

/* The next line that has words; false at the end. A line that cannot be split is reported and left out. */
static inline bool xslot_file_next(struct xslot_file *file)
{
	const uint8_t *at, *stop;

	while (file->next < file->end) {
		at = file->next;
		stop = (const uint8_t *)memchr(at, '\n', (size_t)(file->end - at));
		file->next = stop ? stop + 1 : file->end;
		file->line++;
		if (xslot_file_split(file, at, stop ? stop : file->end))
			return true;
	}
	return false;
}

/* A decimal number and nothing else, from `min` to `max`: 0, or -EINVAL without a word about it. */
static inline int xslot_file_decimal(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0, digit;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		digit = (uint64_t)(*text - '0');
		if (number > (max - digit) / 10 || digit > max)
			return -EINVAL;
		number = number * 10 + digit;
	}
	if (number < min)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

/* `what` is the number's name, for the error: "a queue". */
static inline int xslot_file_number(struct xslot_file *file, const char *what, const char *word, uint64_t min,
	uint64_t max, uint64_t *ret_number)
{
	if (xslot_file_decimal(word, min, max, ret_number) == 0)
		return 0;
	return xslot_file_error(
		file, "\"%s\" is not %s: write a number from %" PRIu64 " to %" PRIu64, word, what, min, max);
}

/* A port, or two as in 80-90. */
static inline int xslot_file_ports(
	struct xslot_file *file, const char *word, uint16_t *ret_low, uint16_t *ret_high)
{
	const char *dash = strchr(word, '-');
	char first[XSLOT_FILE_WORD] = "";
	size_t size = dash ? (size_t)(dash - word) : strlen(word);
	uint64_t low = 0, high = 0;

	if (size < sizeof(first))
		memcpy(first, word, size);
	if (xslot_file_decimal(first, 0, 65535, &low) ||
		xslot_file_decimal(dash ? dash + 1 : first, 0, 65535, &high))
		return xslot_file_error(
			file, "\"%s\" is neither a port from 0 to 65535 nor two of them as in 80-90", word);
	if (low > high)
		return xslot_file_error(
			file, "ports %s run backwards: write %" PRIu64 "-%" PRIu64, word, high, low);
	*ret_low = (uint16_t)low;
	*ret_high = (uint16_t)high;
	return 0;
}

/* Set the bits beyond the prefix to 0. Were they all? */
static inline bool xslot_file_mask(struct xslot_prefix *prefix)
{
	bool clean = true;

	for (int i = 0; i < 16; i++) {
		int bits = (int)prefix->length - i * 8;
		uint8_t mask = bits >= 8 ? 0xff : bits <= 0 ? 0 : (uint8_t)(0xff << (8 - bits));

		clean = clean && !(prefix->address[i] & (uint8_t)~mask);
		prefix->address[i] = (uint8_t)(prefix->address[i] & mask);
	}
	return clean;
}

/* An address, or a prefix without bits beyond its length. `what` as above; NULL: "an IPv4 or IPv6 prefix". */
static inline int xslot_file_prefix(
	struct xslot_file *file, const char *what, const char *word, struct xslot_prefix *ret_prefix)
{
	const char *slash = strchr(word, '/');
	char address[XSLOT_FILE_WORD] = "", network[INET6_ADDRSTRLEN];
	struct xslot_prefix prefix;
	uint64_t max, length;
	size_t size = slash ? (size_t)(slash - word) : strlen(word);

	memset(&prefix, 0, sizeof(prefix));
	if (size < sizeof(address))
		memcpy(address, word, size);
	if (inet_pton(AF_INET, address, prefix.address) == 1)
		prefix.family = 4;
	else if (inet_pton(AF_INET6, address, prefix.address) == 1)
		prefix.family = 6;
	else
		return xslot_file_error(
			file, "\"%s\" is not %s", word, what ? what : "an IPv4 or IPv6 prefix");
	max = length = prefix.family == 4 ? 32 : 128;
	if (slash && xslot_file_decimal(slash + 1, 0, max, &length))
		return xslot_file_error(file,
			"\"%s\" is not a prefix length in \"%s\": it goes from 0 to %" PRIu64, slash + 1,
			word, max);
	prefix.length = (uint8_t)length;
	if (!xslot_file_mask(&prefix)) {
		inet_ntop(prefix.family == 4 ? AF_INET : AF_INET6, prefix.address, network, sizeof(network));
		return xslot_file_error(file,
			"%s has bits set beyond its length: write %s/%u for the network, or %s/%" PRIu64
			" for the address",
			word, network, prefix.length, address, max);
	}
	*ret_prefix = prefix;
	return 0;
}

#endif
