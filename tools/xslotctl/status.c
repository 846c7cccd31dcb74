/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The page that an operator looks at first, so it is ordered by the questions that they ask: is the host
 * running and did the last reload work, does this chain see traffic, and which slot decides what. Every
 * problem has a line of its own, before the figures: a packet that met an empty slot must not hide in a
 * column.
 */
#include "status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "overview.h"
#include "problems.h"
#include "screen.h"
#include "table.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(json_t *, json_decref);

/* Seconds since an RFC 3339 time of the host's; -1 when there is none. */
static int64_t age_of(const json_t *object, const char *key)
{
	struct tm tm = {};

	if (!strptime(text_of(object, key), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return -1;
	return (int64_t)(time(NULL) - timegm(&tm));
}

static const char *since(const json_t *object, const char *key, char buffer[static 32])
{
	int64_t age = age_of(object, key);

	return age < 0 ? "-" : format_age(age, buffer);
}

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)number_of(object, key);
}

static void print_errors(const json_t *errors)
{
	const json_t *error;
	size_t i;

	json_array_foreach(errors, i, error)
	{
		json_int_t line = number_of(error, "line");

		printf("  %s%s", text_of(error, "file"), line ? ":" : "");
		if (line)
			printf("%lld", (long long)line);
		printf("%s%s\n", *text_of(error, "file") ? ": " : "", text_of(error, "message"));
	}
}

/* False: there was none. */
static bool print_reload_line(const json_t *reload)
{
	const char *result = text_of(reload, "result");
	char age[32], took[32];

	if (!*result || !strcmp(result, "none"))
		return false;
	printf("last reload %s%s%s, %s ago, took %s", !strcmp(result, "refused") ? style_alarm() : "", result,
		style_end(), since(reload, "at", age),
		format_duration(count_of(reload, "duration_us"), took));
	return true;
}

static void print_last_reload(const json_t *reload)
{
	const json_t *change;
	size_t i;

	if (!print_reload_line(reload))
		return;
	putchar('\n');
	json_array_foreach(json_object_get(reload, "changed"), i, change) printf("  %s\n", string_of(change));
	print_errors(json_object_get(reload, "errors"));
	if (number_of(reload, "more_errors") > 0)
		printf("  … and %lld more error%s, not kept\n", (long long)number_of(reload, "more_errors"),
			number_of(reload, "more_errors") == 1 ? "" : "s");
}

void status_print_host(const json_t *host)
{
	char age[32], reloads[32];

	printf("%sxslotd %s%s, pid %lld, up %s, %s reload%s", style_bold(), text_of(host, "version"),
		style_end(), (long long)number_of(host, "pid"), since(host, "started", age),
		format_count(count_of(host, "reloads"), reloads), number_of(host, "reloads") == 1 ? "" : "s");
	if (number_of(host, "failed_reloads"))
		printf(", %s refused", format_count(count_of(host, "failed_reloads"), reloads));
	putchar('\n');
}

static const char *why_held(const char *held)
{
	if (!strcmp(held, "rollback"))
		return "after a rollback";
	if (!strcmp(held, "unconfirmed"))
		return "since the next one was not confirmed";
	if (!strcmp(held, "bare"))
		return "since the files would leave interfaces bare";
	if (!strcmp(held, "crash"))
		return "since the files were changed and not reloaded before the host ended";
	return held;
}

/* What runs is not what the files say, or not for long. */
static void print_configuration(const json_t *configuration)
{
	const char *held = text_of(configuration, "held"), *current = text_of(configuration, "current");
	json_int_t seconds = number_of(configuration, "confirm_seconds");
	const json_t *reason;
	size_t i;

	if (*held)
		printf("%sHELD on the configuration kept in %s, %s: \"xslotctl reload\" applies the files%s\n",
			style_alarm(), current, why_held(held), style_end());
	json_array_foreach(json_object_get(configuration, "reasons"), i, reason)
		print_line("  %s", string_of(reason));
	if (*text_of(configuration, "problem"))
		printf("%sSTATE FOLDER: %s%s\n", style_alarm(), text_of(configuration, "problem"),
			style_end());
	if (seconds)
		printf("%sTO BE CONFIRMED within %lld s: \"xslotctl confirm\", else the host goes back to %s%s\n",
			style_alarm(), (long long)seconds, text_of(configuration, "previous"), style_end());
}

static void print_alarms(const json_t *chain)
{
	const char *on_gap = text_of(chain, "on_gap");
	char count[32];

	if (json_is_true(json_object_get(chain, "bypass")))
		printf("  %sBYPASS: every packet gets \"%s\" at once, no slot runs%s\n", style_alarm(),
			text_of(chain, "final"), style_end());
	if (number_of(chain, "gap_packets"))
		printf("  %sGAP: %s packets met an empty slot and got \"%s\"; this must never happen: please report it%s\n",
			style_alarm(), format_count(count_of(chain, "gap_packets"), count), on_gap,
			style_end());
	if (number_of(chain, "bad_verdicts"))
		printf("  %sBAD VERDICTS: %s packets got \"aborted\", since a plugin returned an invalid verdict%s\n",
			style_alarm(), format_count(count_of(chain, "bad_verdicts"), count), style_end());
}

static void print_interfaces(const json_t *interfaces)
{
	const json_t *interface;
	size_t i;

	if (!json_array_size(interfaces))
		printf("  no interfaces\n");
	json_array_foreach(interfaces, i, interface)
	{
		const char *state = text_of(interface, "state");

		printf("  %s: %s, %s", text_of(interface, "name"), text_of(interface, "mode"), state);
		if (!strcmp(state, "attached"))
			printf(" (%s, index %lld)", text_of(interface, "attach"),
				(long long)number_of(interface, "ifindex"));
		if (!strcmp(state, "refused") || !strcmp(state, "unknown"))
			printf(": %s%s%s", style_alarm(), text_of(interface, "reason"), style_end());
		putchar('\n');
		if (!strcmp(state, "detached"))
			printf("  %sDETACHED: %s%s\n", style_alarm(), text_of(interface, "reason"),
				style_end());
		if (!strcmp(state, "displaced"))
			printf("  %sDISPLACED: %s%s\n", style_alarm(), text_of(interface, "reason"),
				style_end());
	}
}

static void add_count(struct table *table, const json_t *object, const char *key)
{
	table_add_json(table, json_object_get(object, key));
}

static void add_slot(struct table *table, const char *chain, const json_t *slot)
{
	static const char *const verdicts[] = { "pass", "drop", "tx", "redirect", "aborted" };
	const json_t *decided = json_object_get(slot, "verdicts");
	const char *state = text_of(slot, "state");
	bool live = !strcmp(state, "live");
	char age[32];

	table_add(table, "%s.%lld", chain, (long long)number_of(slot, "number"));
	table_add(table, "%s", text_of(slot, "plugin"));
	table_add(table, "%s", text_of(slot, "version"));
	table_add(table, "%s%s%s", text_of(slot, "bank"), live ? "" : " ", live ? "" : state);
	table_add(table, "%s", text_of(slot, "tier"));
	add_count(table, slot, "seen");
	add_count(table, slot, "proceeded");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		add_count(table, decided, verdicts[i]);
	table_add(table, "%s", since(slot, "since", age));
}

void status_print_slots(const json_t *chain, const char *unit)
{
	static const char *const headings[] = { "SLOT", "PLUGIN", "VERSION", "BANK", "TIER" };
	static const char *const counts[] = { "SEEN", "NEXT", "PASS", "DROP", "TX", "REDIRECT", "ABORTED" };
	/* Last BANK, which also says "draining". */
	struct table table = { .align = "lllllrrrrrrrr", .spare = "ecm#d" };
	const json_t *slots = json_object_get(chain, "slots"), *slot;
	size_t i;

	if (!json_array_size(slots)) {
		printf("  no slots: every packet gets \"%s\"\n", text_of(chain, "final"));
		return;
	}
	for (i = 0; i < sizeof(headings) / sizeof(*headings); i++)
		table_add(&table, "%s", headings[i]);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		table_add(&table, "%s%s", counts[i], unit);
	table_add(&table, "SINCE");
	json_array_foreach(slots, i, slot) add_slot(&table, text_of(chain, "name"), slot);
	table_print(&table, 2);
}

void status_print_number(const json_t *number, const char *indent)
{
	json_t *labels = json_object_get(number, "labels");
	const char *key, *before = "{";
	const json_t *label;

	printf("%s%s", indent, text_of(number, "name"));
	json_object_foreach(labels, key, label)
	{
		printf("%s%s=\"%s\"", before, key, string_of(label));
		before = ",";
	}
	printf("%s: %lld%s%s\n", json_object_size(labels) ? "}" : "", (long long)number_of(number, "value"),
		*text_of(number, "unit") ? " " : "", text_of(number, "unit"));
}

static void print_details(const char *chain, const json_t *slot)
{
	const json_t *maps = json_object_get(slot, "maps"), *map, *value;
	const json_t *jumps = json_object_get(slot, "jumps"), *jump;
	json_t *status = json_object_get(slot, "status");
	char age[32];
	const char *key;
	size_t i;

	printf("\n  %s%s.%lld%s: program %lld, position %lld\n", style_bold(), chain,
		(long long)number_of(slot, "number"), style_end(), (long long)number_of(slot, "program_id"),
		(long long)number_of(slot, "index"));
	json_array_foreach(maps, i, map) printf(
		"    map %s: %s, %s\n", text_of(map, "name"), text_of(map, "class"), text_of(map, "carried"));
	json_array_foreach(jumps, i, jump) printf("    jump %s.%lld: %s:%s, program %lld\n",
		text_of(jump, "array"), (long long)number_of(jump, "index"), text_of(jump, "file"),
		text_of(jump, "program"), (long long)number_of(jump, "program_id"));
	json_object_foreach(status, key, value) printf("    %s: %s\n", key, string_of(value));
	json_array_foreach(json_object_get(slot, "numbers"), i, value) status_print_number(value, "    ");
	if (number_of(slot, "status_age"))
		printf("    (these are of %s ago: the plugin was busy now)\n",
			format_age(number_of(slot, "status_age"), age));
}

static void print_tier(const json_t *chain)
{
	if (number_of(chain, "instructions"))
		printf("  fused: %lld instructions\n", (long long)number_of(chain, "instructions"));
	else if (*text_of(chain, "tier_reason"))
		printf("  not fused: %s\n", text_of(chain, "tier_reason"));
}

static void print_chain(const json_t *chain, bool details)
{
	const char *name = text_of(chain, "name");
	const json_t *slot;
	char packets[32];
	size_t i;

	printf("\n%schain %s%s: %s packets, generation %lld, run as %s; final %s, on_gap %s\n", style_bold(),
		name, style_end(), format_count(count_of(chain, "packets"), packets),
		(long long)number_of(chain, "generation"), text_of(chain, "tier"), text_of(chain, "final"),
		text_of(chain, "on_gap"));
	print_alarms(chain);
	print_tier(chain);
	print_interfaces(json_object_get(chain, "interfaces"));
	status_print_slots(chain, "");
	if (details)
		json_array_foreach(json_object_get(chain, "slots"), i, slot) print_details(name, slot);
}

static void print_off(const json_t *off)
{
	const json_t *chain;
	size_t i;

	json_array_foreach(off, i, chain) printf(
		"\n%sOFF: chain %s was taken off by \"xslotctl clean\"; \"xslotctl reload\" puts it back%s\n",
		style_alarm(), string_of(chain), style_end());
}

static void print_quarantined(const json_t *quarantined)
{
	const json_t *plugin;
	size_t i;

	json_array_foreach(quarantined, i, plugin) printf(
		"\n%sQUARANTINED: plugin %s crashed the host, so its code is not run; install another build, or try it again with \"xslotctl plugin release %s\"%s\n",
		style_alarm(), string_of(plugin), string_of(plugin), style_end());
}

static void print_silenced(const json_t *silenced)
{
	const json_t *one;
	size_t i;

	json_array_foreach(silenced, i, one) printf(
		"\n%sSILENCED: plugin %s crashed the host in its %s, which is not called any more; install another build, or try it again with \"xslotctl plugin release %s\"%s\n",
		style_alarm(), text_of(one, "plugin"), text_of(one, "callback"), text_of(one, "plugin"),
		style_end());
}

void status_print(const json_t *status, bool details)
{
	const json_t *chains = json_object_get(status, "chains"), *off = json_object_get(status, "off"),
		     *chain;
	size_t i;

	if (json_is_object(json_object_get(status, "host"))) {
		status_print_host(json_object_get(status, "host"));
		print_configuration(json_object_get(status, "configuration"));
		print_last_reload(json_object_get(status, "last_reload"));
	}
	print_off(off);
	print_quarantined(json_object_get(status, "quarantined"));
	print_silenced(json_object_get(status, "silenced"));
	if (!json_array_size(chains) && !json_array_size(off))
		puts(json_is_object(json_object_get(status, "host"))
				? "\nno chains: the configuration has none"
				: "no chain runs");
	json_array_foreach(chains, i, chain) print_chain(chain, details);
}

void status_print_brief(const json_t *status)
{
	const json_t *host = json_object_get(status, "host"),
		     *reload = json_object_get(status, "last_reload");
	const json_t *chains = json_object_get(status, "chains");
	CLEANUP(json_decref) json_t *list = json_array();
	struct problems problems = { .list = list };
	size_t n = json_array_size(json_object_get(reload, "changed"));

	if (json_is_object(host))
		status_print_host(host);
	if (print_reload_line(reload))
		printf(", %zu change%s\n", n, n == 1 ? "" : "s");
	problems_find(&problems, status);
	problems_print(list);
	putchar('\n');
	overview_print(chains, "");
	if (json_array_size(chains))
		printf("\nThe slots: \"xslotctl status CHAIN\"; all of it: \"xslotctl status | less\"\n");
}
