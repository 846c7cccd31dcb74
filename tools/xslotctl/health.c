/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One line and one number, for a monitor that asks every minute. Critical is everything that lets packets
 * past a chain, and a host that does not answer, since nobody would notice the former then; a warning is
 * something that an operator should look at. A word of a newer host that is unknown here counts as the worst
 * that it may mean.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/client.h"
#include "control/interface.h"
#include "control/status_json.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/text.h"
#include "xslotctl.h"

#define PATIENCE 5 /* seconds; monitors give up after ten */

DEFINE_CLEANUP(struct client *, client_close);
DEFINE_CLEANUP(json_t *, json_decref);

/* The exit codes that Nagios gave its plugins, and that all monitors understand. */
enum level { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN };

static const char *const levels[] = { "ok", "warning", "critical", "unknown" };

struct health {
	enum level level;
	json_t *reasons; /* level, message */
};

static void add(struct health *health, enum level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct health *health, enum level level, const char *format, ...)
{
	CLEANUP(free) char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		memory_out();
	va_end(args);
	json_array_append_new(
		health->reasons, json_pack("{s:s, s:o}", "level", levels[level], "message", json_text(text)));
	if (level > health->level)
		health->level = level;
}

static void judge_interface(struct health *health, const char *chain, const json_t *interface)
{
	const char *state = text_of(interface, "state"), *reason = text_of(interface, "reason");

	if (!strcmp(state, "attached") || !strcmp(state, "waiting"))
		return;
	add(health, HEALTH_CRITICAL, "%s: %s is %s%s%s", chain, text_of(interface, "name"), state,
		*reason ? ": " : "", reason);
}

static void judge_chain(struct health *health, const json_t *chain)
{
	const char *name = text_of(chain, "name");
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(chain, "interfaces"), i, interface)
		judge_interface(health, name, interface);
	if (json_is_true(json_object_get(chain, "bypass")))
		add(health, HEALTH_CRITICAL, "%s is bypassed, every packet gets \"%s\"", name,
			text_of(chain, "final"));
	if (number_of(chain, "gap_packets"))
		add(health, HEALTH_WARNING, "%s: %lld packets met an empty slot", name,
			(long long)number_of(chain, "gap_packets"));
	if (number_of(chain, "bad_verdicts"))
		add(health, HEALTH_WARNING, "%s: %lld packets got \"aborted\" for an invalid verdict", name,
			(long long)number_of(chain, "bad_verdicts"));
}

static void judge_host(struct health *health, const json_t *status)
{
	const json_t *configuration = json_object_get(status, "configuration"), *name;
	const json_t *reload = json_object_get(status, "last_reload");
	json_int_t seconds = number_of(configuration, "confirm_seconds");
	size_t i;

	json_array_foreach(json_object_get(status, "off"), i, name)
		add(health, HEALTH_CRITICAL, "%s is off, \"xslotctl clean\" took it off", string_of(name));
	json_array_foreach(json_object_get(status, "quarantined"), i, name)
		add(health, HEALTH_WARNING, "plugin %s is quarantined", string_of(name));
	json_array_foreach(json_object_get(status, "silenced"), i, name) add(health, HEALTH_WARNING,
		"%s of plugin %s is silenced", text_of(name, "callback"), text_of(name, "plugin"));
	if (*text_of(configuration, "held"))
		add(health, HEALTH_WARNING, "held, the files are not applied");
	if (seconds)
		add(health, HEALTH_WARNING, "to be confirmed within %lld s", (long long)seconds);
	if (!strcmp(text_of(reload, "result"), "refused"))
		add(health, HEALTH_WARNING, "the last reload was refused with %zu errors",
			json_array_size(json_object_get(reload, "errors")));
	if (!json_array_size(json_object_get(status, "chains")) &&
		!json_array_size(json_object_get(status, "off")))
		add(health, HEALTH_WARNING, "the configuration has no chains");
}

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

	for (int level = HEALTH_UNKNOWN; level > HEALTH_OK; level--) {
		json_array_foreach(reasons, i, reason)
		{
			if (strcmp(text_of(reason, "level"), levels[level]))
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
static int ask(const struct options *options, struct health *health, json_t **ret_status)
{
	CLEANUP(client_close) struct client *client = NULL;
	struct xslot_diag diag = {};
	int r = client_open(options->socket, &client, &diag);

	if (r == 0)
		r = client_call(client, INTERFACE_XSLOT ".Status", NULL, PATIENCE, ret_status, &diag);
	if (r < 0)
		add(health, r == -EACCES || r == -EPERM ? HEALTH_UNKNOWN : HEALTH_CRITICAL, "%s",
			diag.message);
	return r;
}

int verb_health(const struct options *options, int argc, char **argv)
{
	static const char *const shouts[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	CLEANUP(json_decref) json_t *reasons = json_array(), *status = NULL;
	struct health health = { .reasons = reasons };
	const json_t *chain;
	size_t i;

	if (ask(options, &health, &status) == 0) {
		json_array_foreach(json_object_get(status, "chains"), i, chain) judge_chain(&health, chain);
		judge_host(&health, status);
	}
	if (options->json) {
		print_json(json_pack("{s:s, s:i, s:O}", "status", levels[health.level], "code",
			(int)health.level, "reasons", reasons));
		return health.level;
	}
	printf("XSLOT %s: ", shouts[health.level]);
	if (health.level == HEALTH_OK)
		print_totals(status);
	else
		print_reasons(reasons);
	putchar('\n');
	return health.level;
}
