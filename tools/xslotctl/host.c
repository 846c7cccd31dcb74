/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The verbs with which the running host changes something. They print the host's JSON unchanged, so that
 * --json never lags behind a newer host.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "config/param_text.h"
#include "control/interface.h"
#include "control/server.h"
#include "control/status_json.h"
#include "table.h"
#include "util/cleanup.h"
#include "xslotctl.h"

#define NS_PER_SECOND 1000000000LL

DEFINE_CLEANUP(struct client *, client_close);
DEFINE_CLEANUP(json_t *, json_decref);

static void print_confirm(json_int_t seconds)
{
	if (seconds)
		printf("to be confirmed within %lld s: \"xslotctl confirm\" keeps it, else the host goes back by itself\n",
			(long long)seconds);
}

static int exit_code(const json_t *reply)
{
	const char *result = text_of(reply, "result");

	return !strcmp(result, "refused")	 ? EXIT_CONFIGURATION
	       : !strcmp(result, "would-change") ? EXIT_WOULD_CHANGE
						 : 0;
}

/* The host's result, in a last line that says what runs now. `verb` is reload or rollback, `done` its past.
 */
static int print_reload(const struct options *options, json_t *reply, const char *verb, const char *done)
{
	const char *result = text_of(reply, "result");
	json_t *errors = json_object_get(reply, "errors");
	const json_t *change;
	char took[32];
	size_t i;

	format_duration((uint64_t)number_of(reply, "duration_us"), took);
	if (!strcmp(result, "refused")) {
		size_t more = (size_t)number_of(reply, "more_errors"), n = json_array_size(errors) + more;

		give_up_errors(options, EXIT_CONFIGURATION, errors, more);
		fprintf(stderr,
			"xslotctl: the %s %s refused with %zu error%s after %s; nothing has changed\n", verb,
			options->dry_run ? "would be" : "was", n, n == 1 ? "" : "s", took);
		return exit_code(reply);
	}
	json_array_foreach(json_object_get(reply, "changed"), i, change) printf("%s\n", string_of(change));
	if (!strcmp(result, "unchanged"))
		printf("nothing to change (%s)\n", took);
	else if (!strcmp(result, "would-change"))
		printf("nothing was done: a reload would make these changes\n");
	else
		printf("%s in %s\n", done, took);
	print_confirm(number_of(reply, "confirm_seconds"));
	return exit_code(reply);
}

/* Only what was asked for: a host that does not know a parameter would refuse the call. */
static int reload_parameters(const struct options *options, json_t *parameters)
{
	static const struct xslot_param row = { .name = "confirm",
		.type = XSLOT_DURATION,
		XSLOT_RANGE(NS_PER_SECOND, SERVER_CONFIRM_MAX * NS_PER_SECOND) };
	struct xslot_diag diag = {};
	struct xslot_value value;

	if (options->allow_detach)
		json_object_set_new(parameters, "allow_detach", json_true());
	if (options->allow_bare)
		json_object_set_new(parameters, "allow_bare", json_true());
	if (options->settle)
		json_object_set_new(parameters, "settle", json_true());
	if (options->dry_run)
		json_object_set_new(parameters, "dry_run", json_true());
	if (options->dry_run && options->confirm)
		return give_up(
			options, EXIT_USAGE, "--dry-run changes nothing, so there is nothing to --confirm");
	if (!options->confirm)
		return 0;
	if (param_text_parse(&row, options->confirm, &value, &diag) < 0)
		return give_up(options, EXIT_USAGE, "--confirm=%s: %s", options->confirm, diag.message);
	json_object_set_new(parameters, "confirm", json_integer((json_int_t)(value.number / NS_PER_SECOND)));
	return 0;
}

static int reload(const struct options *options, const char *method, const char *verb, const char *done)
{
	CLEANUP(json_decref) json_t *parameters = json_object(), *reply = NULL;
	int r;

	r = reload_parameters(options, parameters);
	if (r == 0)
		r = ask_host(options, method, json_incref(parameters), 0, &reply);
	if (r)
		return r;
	if (!options->json)
		return print_reload(options, reply, verb, done);
	r = print_json(json_incref(reply));
	return r ? r : exit_code(reply);
}

int verb_reload(const struct options *options, int argc, char **argv)
{
	return reload(options, INTERFACE_XSLOT ".Reload", "reload", "reloaded");
}

int verb_rollback(const struct options *options, int argc, char **argv)
{
	return reload(options, INTERFACE_XSLOT ".Rollback", "rollback", "rolled back");
}

/* The reply's sentence, or its JSON. */
static int print_done(const struct options *options, json_t *reply)
{
	if (options->json)
		return print_json(json_incref(reply));
	puts(text_of(reply, "message"));
	return 0;
}

int verb_bypass(const struct options *options, int argc, char **argv)
{
	bool on = !strcmp(argv[1], "on");
	CLEANUP(json_decref) json_t *reply = NULL;
	int r;

	if (!on && strcmp(argv[1], "off"))
		return give_up(options, EXIT_USAGE, "bypass takes \"on\" or \"off\", not \"%s\"", argv[1]);
	r = ask_host(options, INTERFACE_XSLOT ".Bypass",
		json_pack("{s:o, s:b}", "chain", json_text(argv[0]), "on", on), CHANGE_TIMEOUT, &reply);
	return r ? r : print_done(options, reply);
}

/* A host that is there has the lock on its pins, so it is asked; without one, or with --bpffs, see clean.c.
 */
int verb_clean(const struct options *options, int argc, char **argv)
{
	CLEANUP(client_close) struct client *client = NULL;
	CLEANUP(json_decref) json_t *reply = NULL;
	struct xslot_diag diag = {};
	int r;

	if (!argc && !options->all)
		return give_up(options, EXIT_USAGE, "clean needs CHAIN, or --all to take every chain off");
	if (argc && options->all)
		return give_up(options, EXIT_USAGE, "clean takes \"%s\" or --all, not both", argv[0]);
	if (options->bpffs)
		return clean_pins(options, argc ? argv[0] : NULL);
	r = client_open(options->socket, &client, &diag);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return clean_pins(options, argc ? argv[0] : NULL);
	if (r < 0)
		return give_up(options, code_of_open(r), "%s", diag.message);
	r = call_host(options, client, INTERFACE_XSLOT ".Clean",
		argc ? json_pack("{s:o}", "chain", json_text(argv[0])) : json_pack("{s:b}", "all", true),
		CHANGE_TIMEOUT, &reply);
	return r ? r : print_done(options, reply);
}

int verb_confirm(const struct options *options, int argc, char **argv)
{
	CLEANUP(json_decref) json_t *reply = NULL;
	int r = ask_host(options, INTERFACE_XSLOT ".Confirm", NULL, CHANGE_TIMEOUT, &reply);

	return r ? r : print_done(options, reply);
}
