/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One line and one number, for a monitor that asks every minute. problems.c judges; critical is also a host
 * that does not answer, since nobody would notice then what lets packets past a chain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/client.h"
#include "control/interface.h"
#include "problems.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/text.h"
#include "xslotctl.h"

#define PATIENCE 5 /* seconds; monitors give up after ten */

DEFINE_CLEANUP(struct client *, client_close);
DEFINE_CLEANUP(json_t *, json_decref);

/* What a monitor takes for the end of the line, or for figures, must not come from a name. */
static void print_clean(const char *text)
{
	CLEANUP(free) char *clean = memory_must(text_clean(text));

	for (const char *p = clean; *p; p++)
		putchar(*p == '|' ? '/' : *p);
}

static void print_reasons(const json_t *reasons)
{
	const char *separator = "";
	const json_t *reason;
	size_t i;

	for (int level = LEVEL_UNKNOWN; level > LEVEL_OK; level--) {
		json_array_foreach(reasons, i, reason)
		{
			if (strcmp(text_of(reason, "level"), level_name(level)))
				continue;
			fputs(separator, stdout);
			print_clean(text_of(reason, "message"));
			separator = "; ";
		}
	}
}

static void print_totals(const json_t *status)
{
	const json_t *chains = json_object_get(status, "chains"), *chain, *interface;
	size_t i, k, slots = 0, interfaces = 0, waiting = 0;

	json_array_foreach(chains, i, chain)
	{
		slots += json_array_size(json_object_get(chain, "slots"));
		json_array_foreach(json_object_get(chain, "interfaces"), k, interface)
		{
			interfaces++;
			waiting += !strcmp(text_of(interface, "state"), "waiting");
		}
	}
	printf("chains: %zu, slots: %zu, interfaces: %zu", json_array_size(chains), slots, interfaces);
	if (waiting)
		printf(", missing: %zu", waiting);
}

/* 0, or the level of what stood in the way. */
static int ask(const struct options *options, struct problems *problems, json_t **ret_status)
{
	CLEANUP(client_close) struct client *client = NULL;
	struct xslot_diag diag = {};
	int r = client_open(options->socket, &client, &diag);

	if (r == 0)
		r = client_call(client, INTERFACE_XSLOT ".Status", NULL, PATIENCE, ret_status, &diag);
	if (r < 0)
		problem_add(problems, r == -EACCES || r == -EPERM ? LEVEL_UNKNOWN : LEVEL_CRITICAL, NULL,
			NULL, "%s", diag.message);
	return r;
}

/* Without what this line has no room for. */
static json_t *reasons_of(const json_t *list)
{
	json_t *reasons = json_array();
	const json_t *problem;
	size_t i;

	json_array_foreach(list, i, problem) json_array_append_new(
		reasons, json_pack("{s:O, s:O}", "level", json_object_get(problem, "level"), "message",
				 json_object_get(problem, "message")));
	return reasons;
}

int verb_health(const struct options *options, int argc, char **argv)
{
	static const char *const shouts[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	CLEANUP(json_decref) json_t *list = json_array(), *reasons = NULL, *status = NULL;
	struct problems problems = { .list = list };

	if (ask(options, &problems, &status) == 0)
		problems_find(&problems, status);
	if (options->json) {
		reasons = reasons_of(list);
		print_json(json_pack("{s:s, s:i, s:O}", "status", level_name(problems.level), "code",
			(int)problems.level, "reasons", reasons));
		return problems.level;
	}
	printf("XSLOT %s: ", shouts[problems.level]);
	if (problems.level == LEVEL_OK)
		print_totals(status);
	else
		print_reasons(list);
	putchar('\n');
	return problems.level;
}
