/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The list in memory is the truth; the file is its copy for the next host. The list has lines and no structs,
 * in one block: small pieces that live long would keep the heap from shrinking. The loop makes and reads
 * lines, the worker moves bytes: between tasks, so that no reload waits for more than the one that runs. A
 * line is appended; when the file has become too long, or was found damaged, it is replaced by the list as it
 * is. Ids continue those of the file, so events from before it was read get theirs afterwards.
 */
#include "host/events/events.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/events/file.h"
#include "util/cleanup.h"
#include "util/memory.h"

#define FILE_NAME "events"

static void drop_oldest(struct events *events)
{
	size_t size = events->list[0].size;

	events->bytes -= size;
	memmove(events->lines, events->lines + size, events->bytes);
	events->n--;
	memmove(events->list, events->list + 1, events->n * sizeof(*events->list));
}

/* One line may be longer than all of them should be. */
static void make_room(struct events *events, size_t size)
{
	size_t wanted = size > EVENTS_BYTES ? size : EVENTS_BYTES;

	while (events->n == EVENTS_MAX || (events->n > 0 && events->bytes + size > EVENTS_BYTES))
		drop_oldest(events);
	if (events->capacity < wanted)
		events->lines = memory_must(realloc(events->lines, wanted));
	events->capacity = events->capacity < wanted ? wanted : events->capacity;
}

/* Taken over. */
static void append(struct events *events, struct event *event, bool kept)
{
	CLEANUP(free) char *line = NULL;
	size_t size;

	event->id = ++events->last;
	line = memory_must(event_to_line(event));
	size = strlen(line);
	make_room(events, size);
	memcpy(events->lines + events->bytes, line, size);
	events->list[events->n++] = (struct events_entry){ event->id, size, kept };
	events->bytes += size;
	event_free(events->latest);
	events->latest = event;
}

/* ---- callers ---- */

static void reply(struct events *events, struct server_call *call, uint64_t after)
{
	struct event *told[EVENTS_MAX] = {};
	const char *line = events->lines;
	size_t n = 0;

	/* Ids of a history that is gone are above all that there are now. */
	for (size_t i = 0; i < events->n; line += events->list[i++].size)
		if (events->list[i].id > after || after > events->last)
			n += (told[n] = event_from_line(line, events->list[i].size)) != NULL;
	server_reply_events(call, (const struct event *const *)told, n, events->last);
	for (size_t i = 0; i < n; i++)
		event_free(told[i]);
}

/* `all`: those too for whom there is no news. */
static void reply_waiting(struct events *events, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < events->n_waiting; i++) {
		struct events_waiting *waiting = &events->waiting[i];

		if (all || (events->loaded && waiting->after != events->last))
			reply(events, waiting->call, waiting->after);
		else
			events->waiting[kept++] = *waiting;
	}
	events->n_waiting = kept;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *data)
{
	reply_waiting(data, true);
	return 0;
}

/* One time for all: it ends calls whose peers are gone as well, which nobody notices while they wait. */
static bool set_patience(struct events *events)
{
	if (events->n_waiting > 0)
		return true;
	events->patience = sd_event_source_disable_unref(events->patience);
	return sd_event_add_time_relative(events->event, &events->patience, CLOCK_MONOTONIC,
		       EVENTS_PATIENCE_S * 1000000ULL, 0, on_patience, events) >= 0;
}

void events_tell(struct events *events, struct server_call *call, uint64_t after, bool wait)
{
	bool none = !events->loaded || (wait && after == events->last);

	if (none && events->n_waiting < EVENTS_WAITING_MAX && set_patience(events))
		events->waiting[events->n_waiting++] = (struct events_waiting){ call, after };
	else
		reply(events, call, after);
}

/* ---- the file ---- */

static void note_trouble(struct events *events)
{
	if (events->error < 0 && !events->troubled)
		log_warning("%s; they are remembered until this host ends", events->diag.message);
	events->troubled = events->error < 0;
	xslot_diag_clear(&events->diag);
}

/* What is to be written, as text: all of the list, or what the file does not have. */
static void gather(struct events *events)
{
	FILE *out = memory_must(open_memstream(&events->text, &events->size));
	const char *line = events->lines;
	size_t fresh = 0;

	for (size_t i = 0; i < events->n; i++)
		fresh += events->list[i].kept ? 0 : events->list[i].size;
	events->replace |= events->file_size + fresh > EVENTS_FILE_MAX;
	for (size_t i = 0; i < events->n; line += events->list[i++].size)
		if (events->replace || !events->list[i].kept)
			fwrite(line, events->list[i].size, 1, out);
	events->job_last = events->last;
	if (fclose(out) != 0)
		memory_out();
}

static void write_text(struct events *events) ON_WORKER
{
	events->error = 0;
	if (events->size == 0 && !events->replace)
		return;
	events->error = events->replace
				? events_file_replace(events->path, events->text, events->size, &events->diag)
				: events_file_append(events->path, events->text, events->size, &events->diag);
}

static void after_writing(struct events *events) ON_LOOP
{
	if (events->error == 0) {
		events->file_size = (events->replace ? 0 : events->file_size) + events->size;
		for (size_t i = 0; i < events->n; i++)
			events->list[i].kept |= events->list[i].id <= events->job_last;
	}
	/* A part of it may be in the file: the next time writes it again, as a whole. */
	events->replace = events->error < 0;
	note_trouble(events);
	free(TAKE_PTR(events->text));
}

static void job_write(void *data) ON_WORKER
{
	write_text(data);
}

static void on_written(void *data) ON_LOOP
{
	struct events *events = data;

	after_writing(events);
	queue_next(events->queue);
}

/* One line of the file; false: it is damaged. */
static bool take_line(struct events *events, const char *line, size_t length)
{
	struct event *event = event_from_line(line, length);

	if (!event)
		return false;
	if (event->id > events->last)
		events->last = event->id - 1;
	append(events, event, true);
	return true;
}

static size_t take_lines(struct events *events)
{
	size_t damaged = 0;
	const char *at = events->text, *end = at ? at + events->size : NULL;

	/* What was cut off begins in the middle of a line. */
	if (at && events->cut) {
		const char *line_feed = memchr(at, '\n', (size_t)(end - at));

		at = line_feed ? line_feed + 1 : end;
	}
	while (at && at < end) {
		const char *line_feed = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line_feed ? line_feed : end) - at);

		damaged += !take_line(events, at, length) || !line_feed;
		at += length + 1;
	}
	return damaged;
}

static void take_early(struct events *events, const char *lines, const struct events_entry *early, size_t n)
{
	for (size_t i = 0; i < n; lines += early[i++].size) {
		struct event *event = event_from_line(lines, early[i].size);

		if (event)
			append(events, event, false);
	}
}

/* What was read comes before what has happened meanwhile. */
static void take_file(struct events *events)
{
	CLEANUP(free) struct events_entry *early = memory_must(malloc(sizeof(events->list)));
	CLEANUP(free) char *lines = TAKE_PTR(events->lines);
	size_t n_early = events->n, damaged;

	memcpy(early, events->list, sizeof(events->list));
	events->n = events->bytes = events->capacity = 0;
	events->last = 0;
	events->file_size = events->size;
	damaged = take_lines(events);
	free(TAKE_PTR(events->text));
	/* What could not be read for another reason may be good. */
	events->replace = events->error == -EINVAL || events->error == -ELOOP || damaged > 0 || events->cut;
	if (damaged > 0)
		log_warning("%s: %zu line%s damaged, and left out of the events", events->path, damaged,
			damaged == 1 ? " is" : "s are");
	note_trouble(events);
	take_early(events, lines, early, n_early);
	events->loaded = true;
	reply_waiting(events, false);
}

static void on_read(void *data) ON_LOOP
{
	struct events *events = data;

	take_file(events);
	gather(events);
	worker_submit(events->worker, job_write, on_written, events);
}

static void job_read(void *data) ON_WORKER
{
	struct events *events = data;

	events->size = 0;
	events->error =
		events_file_read(events->path, &events->text, &events->size, &events->cut, &events->diag);
}

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct events *events = owner;

	events->wanted = false;
	if (!events->loaded) {
		worker_submit(events->worker, job_read, on_read, events);
		return;
	}
	gather(events);
	worker_submit(events->worker, job_write, on_written, events);
}

static const struct task_kind events_kind = { .name = "events", .begin = begin };

static void want(struct events *events) ON_LOOP
{
	if (events->wanted || !events->path || events->queue->stopping)
		return;
	events->wanted = true;
	queue_add(events->queue, task_new(&events_kind, events, NULL));
}

bool events_is_open(const struct events *events)
{
	return events->path || events->loaded;
}

void events_open(struct events *events, const char *folder)
{
	if (folder) {
		if (asprintf(&events->path, "%s/" FILE_NAME, folder) < 0)
			memory_out();
		want(events);
		return;
	}
	events->loaded = true;
	reply_waiting(events, false);
}

/* ---- what happens ---- */

static char *copy_short(const char *text)
{
	return text ? memory_must(strndup(text, EVENTS_SENTENCE_MAX)) : NULL;
}

static void copy_changed(struct event *event, const struct events_about *about)
{
	size_t n = about->n_changed > EVENTS_CHANGED_MAX ? EVENTS_CHANGED_MAX : about->n_changed;

	event->changed = memory_must(calloc(n + 2, sizeof(*event->changed)));
	for (size_t i = 0; i < n; i++)
		event->changed[event->n_changed++] = copy_short(about->changed[i]);
	if (about->n_changed > n &&
		asprintf(&event->changed[event->n_changed++], "… and %zu more", about->n_changed - n) < 0)
		memory_out();
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What the host tries again and again by itself is news once. */
static bool is_repeated(const struct events *events, const struct event *event)
{
	const struct event *last = events->latest;
	bool same = last && !event->by && !last->by && last->n_changed == event->n_changed &&
		    same_text(last->kind, event->kind) && same_text(last->result, event->result) &&
		    same_text(last->chain, event->chain) && same_text(last->interface, event->interface) &&
		    same_text(last->message, event->message);

	for (size_t i = 0; same && i < event->n_changed; i++)
		same = same_text(last->changed[i], event->changed[i]);
	return same;
}

static void add(struct events *events, const struct events_about *about, const char *message) ON_LOOP
{
	const char *by = about->asked ? asked_by(about->asked) : "";
	struct event *event = memory_must(calloc(1, sizeof(*event)));

	*event = (struct event){
		.at = time(NULL),
		.kind = memory_copy(about->kind),
		.result = copy_short(about->result),
		.chain = copy_short(about->chain),
		.interface = copy_short(about->interface),
		.by = *by ? copy_short(by) : NULL,
		.message = copy_short(message),
	};
	copy_changed(event, about);
	if (is_repeated(events, event)) {
		event_free(event);
		return;
	}
	append(events, event, false);
	reply_waiting(events, false);
	want(events);
}

void events_add(struct events *events, const struct events_about *about, const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		memory_out();
	va_end(args);
	add(events, about, text);
}

void events_say(struct events *events, enum log_level level, const struct events_about *about,
	const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	struct log_about fields;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		memory_out();
	va_end(args);
	fields = (struct log_about){ about->chain, about->interface, about->kind,
		about->asked ? asked_by(about->asked) : NULL };
	log_write_about(level, &fields, "%s%s", text, about->asked ? asked_clause(about->asked) : "");
	add(events, about, text);
}

void events_close(struct events *events)
{
	thread_is_alone();
	free(TAKE_PTR(events->text)); /* of a job that was cut off */
	if (events->path && !events->loaded) {
		job_read(events);
		take_file(events);
	}
	events->loaded = true;
	reply_waiting(events, true);
	if (events->path) {
		gather(events);
		write_text(events);
		after_writing(events);
	}
	sd_event_source_disable_unref(events->patience);
	event_free(events->latest);
	free(events->lines);
	free(events->path);
	*events = (struct events){};
}
