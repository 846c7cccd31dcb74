/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Once a second the status is asked, and the difference to the one before is shown. The time between the two
 * is measured here, where the replies arrive: the host answers from memory. Nothing of the terminal is
 * changed but its text, so that ^C leaves it as it was. When its size changes, the same figures are drawn
 * again at once.
 */
#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ask.h"
#include "control/interface.h"
#include "control/status_json.h"
#include "overview.h"
#include "problems.h"
#include "rates.h"
#include "screen.h"
#include "status.h"
#include "util/cleanup.h"

#define PERIOD 1.0 /* seconds */

DEFINE_CLEANUP(json_t *, json_decref);

struct page {
	const json_t *status, *rates;
	bool with_slots;
};

static volatile sig_atomic_t resized;

static void on_resize(int signal)
{
	resized = 1;
}

static void print_page(const void *data)
{
	const struct page *page = data;
	const json_t *chains = json_object_get(page->rates, "chains"), *chain;
	CLEANUP(json_decref) json_t *list = json_array();
	struct problems problems = { .list = list };
	size_t i;

	status_print_host(json_object_get(page->status, "host"));
	problems_find(&problems, page->status);
	problems_print(list);
	putchar('\n');
	overview_print(chains, "/s");
	for (i = 0; page->with_slots && i < json_array_size(chains); i++) {
		chain = json_array_get(chains, i);
		printf("\n%schain %s%s\n", style_bold(), text_of(chain, "name"), style_end());
		status_print_slots(chain, "/s");
	}
}

/* With the slots where they have room. */
static void draw(struct page *page)
{
	const struct screen screen = screen_look();
	CLEANUP(free) char *text = NULL;

	page->with_slots = true;
	text = page_collect(print_page, page);
	if (screen.rows && page_height(text, 0) >= screen.rows &&
		json_array_size(json_object_get(page->rates, "chains")) > 1) {
		page->with_slots = false;
		free(text);
		text = page_collect(print_page, page);
	}
	page_show(text, &screen);
	if (!screen.moves)
		putchar('\n');
	fflush(stdout);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until that time; `page` is drawn again when the terminal's size changes. NULL: there is none yet. */
static void wait_until(double end, struct page *page)
{
	for (double left = end - seconds_now(); left > 0; left = end - seconds_now()) {
		poll(NULL, 0, (int)(left * 1000) + 1);
		if (resized && page)
			draw(page);
		resized = 0;
	}
}

int status_watch(const struct options *options, struct client *client, const char *chain)
{
	CLEANUP(json_decref) json_t *status = NULL, *before = NULL, *rates = NULL;
	double at = 0, last;
	int r;

	signal(SIGWINCH, on_resize);
	if (screen_look().moves)
		fputs("\033[2J", stdout);
	for (;;) {
		struct page page;

		r = call_host(options, client, INTERFACE_XSLOT ".Status",
			chain ? json_pack("{s:o}", "chain", json_text(chain)) : NULL, STATUS_TIMEOUT,
			&status);
		if (r)
			return r;
		last = at;
		at = seconds_now();
		json_decref(rates);
		rates = before ? rates_between(before, status, at - last) : NULL;
		page = (struct page){ status, rates, true };
		if (rates)
			draw(&page);
		if (ferror(stdout))
			return EXIT_FAILURE;
		wait_until(at + PERIOD, rates ? &page : NULL);
		json_decref(before);
		before = TAKE_PTR(status);
	}
}
