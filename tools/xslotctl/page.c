/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which page of a status. A script gets the JSON unchanged, so that --json never lags behind a newer host; a
 * pipe gets the whole page; a terminal gets the whole page if it fits, else the brief one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "problems.h"
#include "screen.h"
#include "status.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(json_t *, json_decref);

static void print_whole(const void *status)
{
	status_print(status, false);
}

static void print_fitting(const json_t *status)
{
	const struct screen screen = screen_look();
	CLEANUP(free) char *page = page_collect(print_whole, status);

	/* The prompt takes a line, too. */
	if (screen.rows && page_height(page, screen.columns) >= screen.rows)
		status_print_brief(status);
	else
		fputs(page, stdout);
}

int print_status(const struct options *options, const json_t *status, bool details)
{
	CLEANUP(json_decref) json_t *list = NULL;
	struct problems problems = {};

	if (options->problems) {
		problems.list = list = json_array();
		problems_find(&problems, status);
		if (options->json)
			print_json(json_pack("{s:O}", "problems", list));
		else
			problems_print(list);
		return json_array_size(list) ? EXIT_PROBLEMS : 0;
	}
	if (options->json)
		return print_json(json_incref((json_t *)status));
	if (details)
		status_print(status, true);
	else
		print_fitting(status);
	return 0;
}
