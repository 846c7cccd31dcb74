/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Our own code rather than a library, since libvarlink is in no distribution's main archive and sd-varlink is
 * newer than the oldest systemd that we support; the protocol is one page. Reading and writing are two plain
 * buffers that know no event loop, so that the host (non-blocking, sd-event) and the client (blocking) share
 * them, and tests can split the bytes anywhere. Both limit what a peer can make us hold: a reader by the
 * length of the longest message, a writer by its user, who answers one call at a time.
 */
#include "control/varlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/status_json.h"
#include "util/cleanup.h"

#define CHUNK 16384

void varlink_reader_clear(struct varlink_reader *reader)
{
	free(reader->data);
	*reader = (struct varlink_reader){ .max = reader->max };
}

bool varlink_reader_waits(const struct varlink_reader *reader)
{
	return reader->scanned == reader->size;
}

/* Doubling, for a reply of many megabytes; back to nothing when all is read, for a host that runs for years.
 */
static int reader_reserve(struct varlink_reader *reader, size_t wanted)
{
	size_t capacity = reader->capacity ? reader->capacity : CHUNK;
	char *data;

	if (wanted <= reader->capacity)
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	data = realloc(reader->data, capacity);
	if (!data)
		return -ENOMEM;
	reader->data = data;
	reader->capacity = capacity;
	return 0;
}

int varlink_reader_fill(struct varlink_reader *reader, int fd)
{
	ssize_t n;

	if (reader_reserve(reader, reader->size + CHUNK) < 0)
		return -ENOMEM;
	do
		n = recv(fd, reader->data + reader->size, reader->capacity - reader->size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	reader->size += (size_t)n;
	return n > 0;
}

static json_malloc_t allocate;
static bool out_of_memory;

static void *allocate_watched(size_t size)
{
	void *memory = allocate(size);

	out_of_memory |= !memory;
	return memory;
}

/*
 * jansson does not look everywhere whether its buffers grew: without memory a long name that is read loses a
 * letter, and is another name; one that is written is left out. So allocations are watched meanwhile. Its
 * allocator is the process's: one thread has to do with JSON.
 */
static void watch_begin(json_free_t *ret_release)
{
	json_get_alloc_funcs(&allocate, ret_release);
	json_set_alloc_funcs(allocate_watched, *ret_release);
	out_of_memory = false;
}

/* Was there memory for all? */
static bool watch_end(json_free_t release)
{
	json_set_alloc_funcs(allocate, release);
	return !out_of_memory;
}

static int parse(const char *text, size_t size, json_t **ret_message)
{
	json_free_t release;
	json_t *message;
	int r;

	watch_begin(&release);
	message = json_loadb(text, size, 0, NULL);
	r = !watch_end(release) ? -ENOMEM : json_is_object(message) ? 0 : -EBADMSG;
	if (r == 0)
		*ret_message = message;
	else
		json_decref(message);
	return r;
}

/* NULL when out of memory. Caller frees. */
static char *print(const json_t *message)
{
	CLEANUP(free) char *text = NULL;
	json_free_t release;

	watch_begin(&release);
	text = json_dumps(message, JSON_COMPACT);
	return watch_end(release) ? TAKE_PTR(text) : NULL;
}

int varlink_reader_next(struct varlink_reader *reader, json_t **ret_message)
{
	size_t unseen = reader->size - reader->scanned;
	char *end = unseen ? memchr(reader->data + reader->scanned, 0, unseen) : NULL;
	json_t *message = NULL;
	size_t length;
	int r;

	length = end ? (size_t)(end - reader->data) + 1 : reader->size;
	if (end ? length > reader->max : length >= reader->max)
		return -EMSGSIZE;
	if (!end) {
		reader->scanned = reader->size;
		return 0;
	}
	r = parse(reader->data, length - 1, &message);
	reader->size -= length;
	reader->scanned = 0;
	memmove(reader->data, reader->data + length, reader->size);
	if (!reader->size)
		varlink_reader_clear(reader);
	if (r < 0)
		return r;
	*ret_message = message;
	return 1;
}

void varlink_writer_clear(struct varlink_writer *writer)
{
	free(writer->data);
	*writer = (struct varlink_writer){};
}

bool varlink_writer_empty(const struct varlink_writer *writer)
{
	return writer->begin == writer->size;
}

int varlink_writer_put(struct varlink_writer *writer, json_t *message)
{
	CLEANUP(free) char *text = message ? print(message) : NULL;
	size_t length;
	char *data;

	json_decref(message);
	if (!text)
		return -ENOMEM;
	length = strlen(text) + 1;
	data = realloc(writer->data, writer->size + length);
	if (!data)
		return -ENOMEM;
	memcpy(data + writer->size, text, length);
	writer->data = data;
	writer->size += length;
	return 0;
}

int varlink_writer_flush(struct varlink_writer *writer, int fd)
{
	while (!varlink_writer_empty(writer)) {
		ssize_t n =
			send(fd, writer->data + writer->begin, writer->size - writer->begin, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		writer->begin += (size_t)n;
	}
	varlink_writer_clear(writer);
	return 0;
}

/* A flag is true, false, null or absent; anything else is named in `ret_bad`. */
static bool call_flag(const json_t *message, const char *key, const char **ret_bad)
{
	const json_t *flag = json_object_get(message, key);

	if (flag && !json_is_boolean(flag) && !json_is_null(flag))
		*ret_bad = key;
	return json_is_true(flag);
}

int varlink_call_parse(json_t *message, struct varlink_call *ret_call, const char **ret_bad)
{
	const char *method = json_string_value(json_object_get(message, "method"));
	json_t *parameters = json_object_get(message, "parameters");
	const char *dot, *bad = NULL;

	if (!method)
		return -EBADMSG;
	dot = strrchr(method, '.');
	*ret_call = (struct varlink_call){ .method = method, .name = dot ? dot + 1 : "" };
	ret_call->oneway = call_flag(message, "oneway", &bad);
	call_flag(message, "more", &bad);
	if (call_flag(message, "upgrade", &bad))
		bad = "upgrade";
	if (json_is_object(parameters))
		ret_call->parameters = parameters;
	else if (parameters && !json_is_null(parameters))
		bad = "parameters";
	if (!bad)
		return 0;
	*ret_bad = bad;
	return -EINVAL;
}

/* {key: value} with the value taken over; NULL when either cannot be had. */
static json_t *object_of(const char *key, json_t *value)
{
	json_t *object = json_object();

	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *with_parameters(json_t *message, json_t *parameters)
{
	if (!json_object_set_new(message, "parameters", parameters ? parameters : json_object()))
		return message;
	json_decref(message);
	return NULL;
}

json_t *varlink_call_new(const char *method, json_t *parameters)
{
	return with_parameters(object_of("method", json_text(method)), parameters);
}

json_t *varlink_reply_new(json_t *parameters)
{
	return with_parameters(json_object(), parameters);
}

json_t *varlink_error_new(const char *error, const char *key, const char *text)
{
	json_t *parameters = object_of(key, json_text(text));

	return parameters ? with_parameters(object_of("error", json_text(error)), parameters) : NULL;
}
