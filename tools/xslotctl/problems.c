/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Critical is everything that lets packets past a chain; a warning is something that an operator should look
 * at. A word of a newer host that is unknown here counts as the worst that it may mean. A problem is one
 * sentence and what more is known about it: a monitor has room for the first only.
 */
#include "problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/status_json.h"
#include "screen.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "util/text.h"
#include "xslotctl.h"

const char *level_name(enum level level)
{
	static const char *const names[] = { "ok", "warning", "critical", "unknown" };

	return names[level];
}

void problem_add(struct problems *problems, enum level level, const char *chain, const char *detail,
	const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		memory_out();
	va_end(args);
	json_array_append_new(
		problems->list, json_pack("{s:s, s:o, s:o, s:o}", "level", level_name(level), "chain",
					json_text(chain), "message", json_text(text), "detail",
					detail && *detail ? json_text(detail) : json_null()));
	if (level > problems->level)
		problems->level = level;
}

static void judge_interface(struct problems *problems, const char *chain, const json_t *interface)
{
	const char *state = text_of(interface, "state"), *reason = text_of(interface, "reason");

	if (!strcmp(state, "attached") || !strcmp(state, "waiting"))
		return;
	problem_add(problems, LEVEL_CRITICAL, chain, NULL, "%s: %s is %s%s%s", chain,
		text_of(interface, "name"), state, *reason ? ": " : "", reason);
}

static void judge_chain(struct problems *problems, const json_t *chain)
{
	const char *name = text_of(chain, "name");
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(chain, "interfaces"), i, interface)
		judge_interface(problems, name, interface);
	if (json_is_true(json_object_get(chain, "bypass")))
		problem_add(problems, LEVEL_CRITICAL, name, NULL, "%s is bypassed, every packet gets \"%s\"",
			name, text_of(chain, "final"));
	if (number_of(chain, "gap_packets"))
		problem_add(problems, LEVEL_WARNING, name, "this must never happen: please report it",
			"%s: %lld packets met an empty slot", name,
			(long long)number_of(chain, "gap_packets"));
	if (number_of(chain, "bad_verdicts"))
		problem_add(problems, LEVEL_WARNING, name, NULL,
			"%s: %lld packets got \"aborted\" for an invalid verdict", name,
			(long long)number_of(chain, "bad_verdicts"));
}

static void judge_reload(struct problems *problems, const json_t *reload)
{
	const json_t *errors = json_object_get(reload, "errors"), *first = json_array_get(errors, 0);
	CLEANUP(free) char *text = NULL;
	json_int_t line = number_of(first, "line");
	const char *file = text_of(first, "file");
	char at[32] = "";

	if (strcmp(text_of(reload, "result"), "refused"))
		return;
	if (line)
		snprintf(at, sizeof(at), ":%lld", (long long)line);
	if (asprintf(&text, "%s%s%s%s", file, at, *file ? ": " : "", text_of(first, "message")) < 0)
		memory_out();
	problem_add(problems, LEVEL_WARNING, NULL, text, "the last reload was refused with %zu errors",
		json_array_size(errors) + (size_t)number_of(reload, "more_errors"));
}

static void judge_configuration(struct problems *problems, const json_t *configuration)
{
	const json_t *reasons = json_object_get(configuration, "reasons");
	json_int_t seconds = number_of(configuration, "confirm_seconds");

	if (*text_of(configuration, "held"))
		problem_add(problems, LEVEL_WARNING, NULL, string_of(json_array_get(reasons, 0)),
			"held, the files are not applied");
	if (seconds)
		problem_add(problems, LEVEL_WARNING, NULL, NULL, "to be confirmed within %lld s",
			(long long)seconds);
	if (*text_of(configuration, "problem"))
		problem_add(problems, LEVEL_WARNING, NULL, text_of(configuration, "problem"),
			"the state folder has a problem");
}

static void judge_plugins(struct problems *problems, const json_t *status)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(status, "quarantined"), i, name)
		problem_add(problems, LEVEL_WARNING, NULL, NULL, "plugin %s is quarantined", string_of(name));
	json_array_foreach(json_object_get(status, "silenced"), i, name)
		problem_add(problems, LEVEL_WARNING, NULL, NULL, "%s of plugin %s is silenced",
			text_of(name, "callback"), text_of(name, "plugin"));
}

void problems_find(struct problems *problems, const json_t *status)
{
	const json_t *chains = json_object_get(status, "chains"), *off = json_object_get(status, "off"), *one;
	size_t i;

	json_array_foreach(chains, i, one) judge_chain(problems, one);
	json_array_foreach(off, i, one) problem_add(problems, LEVEL_CRITICAL, string_of(one), NULL,
		"%s is off, \"xslotctl clean\" took it off", string_of(one));
	judge_plugins(problems, status);
	judge_configuration(problems, json_object_get(status, "configuration"));
	judge_reload(problems, json_object_get(status, "last_reload"));
	if (json_is_object(json_object_get(status, "host")) && !json_array_size(chains) &&
		!json_array_size(off))
		problem_add(problems, LEVEL_WARNING, NULL, NULL, "the configuration has no chains");
}

static void print_problem(const json_t *problem, const char *shout)
{
	const char *detail = text_of(problem, "detail");
	CLEANUP(free)
	char *message = memory_must(text_clean(text_of(problem, "message"))),
	     *more = memory_must(text_clean(detail));

	printf("%s%s %s%s%s%s\n", style_alarm(), shout, message, *detail ? ": " : "", more, style_end());
}

void problems_print(const json_t *list)
{
	static const char *const shouts[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	const json_t *problem;
	size_t i;

	for (int level = LEVEL_UNKNOWN; level > LEVEL_OK; level--) {
		json_array_foreach(list, i, problem)
		{
			if (!strcmp(text_of(problem, "level"), level_name(level)))
				print_problem(problem, shouts[level]);
		}
	}
}
