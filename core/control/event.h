/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What happened to a host: as plain C, as the line of JSON that is kept on disk, and as a reply. The keys are
 * documented in xslotctl(8).
 */
#ifndef CONTROL_EVENT_H
#define CONTROL_EVENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct event {
	uint64_t id; /* rises, over restarts too */
	time_t at;
	char *kind;		 /* "reload", "bypass", … */
	char *result;		 /* "ok", "refused"; NULL: there is none */
	char *chain, *interface; /* that it is about; NULL */
	char *by;		 /* who asked for it; NULL: nobody did, the host does it by itself */
	char *message;		 /* a sentence */
	char **changed;		 /* a sentence each */
	size_t n_changed;
};

void event_free(struct event *event); /* accepts NULL */

json_t *event_to_json(const struct event *event); /* a new reference; NULL when out of memory */

/* One line, with its line feed. NULL when out of memory; the caller frees. */
char *event_to_line(const struct event *event);
/* NULL: it is damaged, or of no version that is known here. `length` without the line feed. */
struct event *event_from_line(const char *line, size_t length);

#endif
