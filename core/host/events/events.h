/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What happened: the log says it, callers of Events are told it, and it is kept in a file of the state
 * folder, over restarts. Loop thread.
 */
#ifndef HOST_EVENTS_EVENTS_H
#define HOST_EVENTS_EVENTS_H

#include <systemd/sd-event.h>

#include "control/event.h"
#include "control/server.h"
#include "host/work/queue.h"
#include "host/work/worker.h"
#include "util/log.h"

#define EVENTS_MAX 1000		 /* that are remembered, … */
#define EVENTS_BYTES (128 << 10) /* … and the bytes of their lines */
#define EVENTS_CHANGED_MAX 32	 /* changes of one event; of more the number is said */
#define EVENTS_SENTENCE_MAX 512	 /* bytes of a sentence */
#define EVENTS_WAITING_MAX 64	 /* calls that wait for news; another one is answered at once */
#define EVENTS_PATIENCE_S 20	 /* … and as long */

struct events {
	sd_event *event;
	struct queue *queue;
	struct worker *worker;
	char *path;    /* the file; NULL: they are only remembered */
	bool loaded;   /* what was kept is in the list; before, nobody is told anything */
	bool wanted;   /* a task to keep them waits */
	bool replace;  /* what is in the file is damaged, or too long: it is written as a whole */
	bool troubled; /* it was said that they cannot be kept */
	struct events_entry {
		uint64_t id;
		size_t size; /* of its line */
		bool kept;   /* in the file */
	} list[EVENTS_MAX];  /* the oldest first */
	size_t n;
	char *lines;		/* of all of them, in one block */
	size_t bytes, capacity; /* of `lines` */
	struct event *latest;	/* the last one; NULL: none */
	size_t file_size;
	uint64_t last; /* id */
	struct events_waiting {
		struct server_call *call;
		uint64_t after;
	} waiting[EVENTS_WAITING_MAX];
	size_t n_waiting;
	sd_event_source *patience;
	/* the worker's, while it has a job: */
	char *text;
	size_t size;
	uint64_t job_last; /* id */
	bool cut;
	int error;
	struct xslot_diag diag;
};

/* What an event is about; what is NULL it is not about. `asked` NULL: nobody asked for it. */
struct events_about {
	const char *kind, *result, *chain, *interface;
	const struct asked *asked;
	char *const *changed;
	size_t n_changed;
};

/* It happened. It is not logged here. Aborts when out of memory. */
void events_add(struct events *events, const struct events_about *about, const char *format, ...) ON_LOOP
	__attribute__((format(printf, 3, 4)));

/* The same, and logged, with who asked for it. */
void events_say(struct events *events, enum log_level level, const struct events_about *about,
	const char *format, ...) ON_LOOP __attribute__((format(printf, 4, 5)));

/*
 * Once: the state folder is known, or NULL: it cannot be used. The file is read and written by tasks of the
 * queue.
 */
void events_open(struct events *events, const char *folder) ON_LOOP;
bool events_is_open(const struct events *events);

/* Reply with those after `after`; `wait`: when there are none, as soon as there are, or after a while. */
void events_tell(struct events *events, struct server_call *call, uint64_t after, bool wait) ON_LOOP;

/* The worker is gone: keep what is not kept yet, and reply to all who wait. */
void events_close(struct events *events);

#endif
