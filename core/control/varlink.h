/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The Varlink protocol on a stream socket: JSON objects, each ended by a NUL byte. Replies come in the order
 * of the calls. This file knows nothing about the methods. See varlink.org, "Method Call".
 */
#ifndef CONTROL_VARLINK_H
#define CONTROL_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define VARLINK_CALL_MAX ((size_t)64 << 10)  /* the longest call that the host reads */
#define VARLINK_REPLY_MAX ((size_t)64 << 20) /* the longest reply that a client reads */

#define VARLINK_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define VARLINK_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define VARLINK_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define VARLINK_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"

/* Bytes in, in pieces of any size; whole messages out. Zero it but for `max`. */
struct varlink_reader {
	size_t max; /* the longest message, with its NUL */
	char *data;
	size_t size, capacity;
	size_t scanned; /* no NUL before this */
};

void varlink_reader_clear(struct varlink_reader *reader);

/* True when only more bytes can complete a message; false when varlink_reader_next() may have one. */
bool varlink_reader_waits(const struct varlink_reader *reader);

/* One read of what `fd` has. 1: got some; 0: end of file; -EAGAIN; else the errno of recv() or -ENOMEM. */
int varlink_reader_fill(struct varlink_reader *reader, int fd);

/*
 * Take out the next whole message, a new reference to an object. 1: here it is; 0: not complete yet.
 * -ENOMEM; -EBADMSG: not JSON, or no object; -EMSGSIZE: longer than `max`. Nothing that follows can be
 * trusted then.
 */
int varlink_reader_next(struct varlink_reader *reader, json_t **ret_message);

/* Messages that wait until the peer takes them. Zero it. */
struct varlink_writer {
	char *data;
	size_t begin, size;
};

void varlink_writer_clear(struct varlink_writer *writer);
bool varlink_writer_empty(const struct varlink_writer *writer);

/* Append a message; the reference is taken over, also on failure. NULL or no memory: -ENOMEM. */
int varlink_writer_put(struct varlink_writer *writer, json_t *message);

/* Write what `fd` takes. 0: all is out; -EAGAIN: some is left; else the errno of send(). Raises no SIGPIPE.
 */
int varlink_writer_flush(struct varlink_writer *writer, int fd);

/* A call, as read. The members live as long as the message. */
struct varlink_call {
	const char *method;
	const char *name;   /* the part of method after the last dot */
	json_t *parameters; /* an object, or NULL when the call has none */
	bool oneway;	    /* no reply at all */
};

/*
 * 0, -EBADMSG when this is no call (close the connection), or -EINVAL with the name of what is wrong in
 * `ret_bad`: answer VARLINK_INVALID_PARAMETER; `ret_call` is filled then too. `more` is accepted and answered
 * with one reply, which the protocol allows; `upgrade` is refused.
 */
int varlink_call_parse(json_t *message, struct varlink_call *ret_call, const char **ret_bad);

/* New messages; `parameters` is taken over (NULL: none). NULL when out of memory. */
json_t *varlink_call_new(const char *method, json_t *parameters);
json_t *varlink_reply_new(json_t *parameters);
/* An error with one parameter, a string. */
json_t *varlink_error_new(const char *error, const char *key, const char *text);

#endif
