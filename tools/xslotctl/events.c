/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `events`. A stream is a row of calls, each for what came after the last: the host holds a call until there
 * is something to tell. So nothing is missed, also when the connection or the host was gone in between, and a
 * reader that is slow keeps nobody waiting.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ask.h"
#include "control/interface.h"
#include "screen.h"
#include "util/cleanup.h"

#define FOLLOW_TIMEOUT 60 /* seconds; the host replies after 20, with nothing */

DEFINE_CLEANUP(struct client *, client_close);
DEFINE_CLEANUP(json_t *, json_decref);

static void print_event(const json_t *event)
{
	const char *by = text_of(event, "by");
	const json_t *change;
	size_t i;

	printf("%s%s%s  %s%s%s\n", style_bold(), text_of(event, "at"), style_end(), text_of(event, "message"),
		*by ? ", by " : "", by);
	json_array_foreach(json_object_get(event, "changed"), i, change)
		printf("    %s\n", string_of(change));
}

/* Returns the exit code; `last` is the id of the last event that was printed. */
static int print_events(const struct options *options, const json_t *reply, json_int_t *last)
{
	const json_t *events = json_object_get(reply, "events");
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
	{
		if (!options->json)
			print_event(event);
		else if (print_json_line(json_incref(event)))
			return EXIT_FAILURE;
	}
	*last = number_of(reply, "last");
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : 0;
}

static json_t *parameters(const struct options *options, json_int_t last)
{
	json_t *asked = json_object();

	if (last > 0)
		json_object_set_new(asked, "after", json_integer(last));
	if (options->follow && last > 0)
		json_object_set_new(asked, "wait", json_true());
	return asked;
}

/* The host is gone, and may come again: another one, which has what this one kept. Returns 0 when it has. */
static int reopen(const struct options *options, struct client **client)
{
	struct xslot_diag diag = {};
	bool told = false;
	int r = -1;

	client_close(TAKE_PTR(*client));
	while (r < 0) {
		sleep(1);
		r = client_open(options->socket, client, &diag);
		if (r == -EACCES || r == -EPERM)
			return give_up(options, code_of_open(r), "%s", diag.message);
		if (r < 0 && !told)
			fprintf(stderr, "xslotctl: the host is gone; waiting for it\n");
		told = true;
	}
	return 0;
}

static int follow(const struct options *options, struct client **client, json_int_t last)
{
	for (;;) {
		CLEANUP(json_decref) json_t *reply = NULL, *clean = NULL;
		struct xslot_diag diag = {};
		int r = client_call(*client, INTERFACE_XSLOT ".Events", parameters(options, last),
			FOLLOW_TIMEOUT, &reply, &diag);

		if (r == -ECONNRESET) {
			r = reopen(options, client);
			if (r)
				return r;
			continue;
		}
		if (r < 0)
			return give_up(options,
				r == -ETIMEDOUT || r == -EPROTO ? EXIT_UNREACHABLE : EXIT_FAILURE, "%s",
				diag.message);
		clean = options->json ? json_incref(reply) : printable(reply);
		r = print_events(options, clean, &last);
		if (r)
			return r;
		/* It need not have waited: too many callers do, or nothing ever happened to this host. */
		if (json_array_size(json_object_get(clean, "events")) == 0)
			sleep(1);
	}
}

int verb_events(const struct options *options, int argc, char **argv)
{
	CLEANUP(client_close) struct client *client = NULL;
	CLEANUP(json_decref) json_t *reply = NULL;
	struct xslot_diag diag = {};
	json_int_t last = 0;
	int r = client_open(options->socket, &client, &diag);

	if (r < 0)
		return give_up(options, code_of_open(r), "%s", diag.message);
	r = call_host(options, client, INTERFACE_XSLOT ".Events", NULL, STATUS_TIMEOUT, &reply);
	if (r)
		return r;
	r = print_events(options, reply, &last);
	return r || !options->follow ? r : follow(options, &client, last);
}
