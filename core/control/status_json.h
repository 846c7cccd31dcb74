/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The status as JSON, with the keys that xslotctl(8) documents. */
#ifndef CONTROL_STATUS_JSON_H
#define CONTROL_STATUS_JSON_H

#include <jansson.h>

#include "control/status.h"

/* New references, or NULL when out of memory. The reload's own reply has logs; the status leaves them out. */
json_t *status_to_json(const struct status *status);
json_t *status_said_to_json(const struct status_said *said); /* status, numbers */
json_t *status_reload_to_json(const struct status_reload *reload, bool with_logs);

/*
 * Text of any origin as a JSON string: what is no UTF-8 (an interface's or a file's name may be any bytes)
 * becomes U+FFFD, since JSON can hold nothing else. NULL gives null.
 */
json_t *json_text(const char *text);

/* A place and a sentence as {file, line, message}; file NULL and line 0 become null. */
json_t *json_error_at(const char *file, unsigned line, const char *message);

/* A time as RFC 3339 in UTC, to the second; 0 gives null. */
json_t *json_time(time_t at);

#endif
