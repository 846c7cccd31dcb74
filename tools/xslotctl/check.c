/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `check` is the host's own transaction, linked in: what it accepts, a start or a reload accepts too. A
 * caller that may not load programs, such as an editor's hook or a build server, still gets the checks that
 * need only the files.
 */
#include <errno.h>
#include <stdio.h>

#include "config/config.h"
#include "control/status_json.h"
#include "extension/permission.h"
#include "host/offline/check.h"
#include "host/plugin/guard.h"
#include "host/plugin/inspect.h"
#include "util/cleanup.h"
#include "xslotctl.h"

void begin(int argc, char **argv)
{
	inspect_main(argc, argv);
}

static json_t *warnings_json(const struct report *report)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < report->n_warnings; i++) {
		const struct report_error *from = &report->warnings[i];

		json_array_append_new(warnings, json_error_at(from->file, from->line, from->message));
	}
	return warnings;
}

static int check_json(const char *file, const struct check *check)
{
	json_t *plan = json_array();

	for (size_t i = 0; i < check->n_plan; i++)
		json_array_append_new(plan, json_text(check->plan[i]));
	return print_json(json_pack("{s:o, s:s, s:o, s:s, s:o, s:[], s:o}", "file", json_text(file),
		"plan_of", check->reload ? "reload" : "start", "plan", plan, "verified_as",
		check->as_xdp ? "xdp" : "extension", "why", json_text(check->as_xdp ? check->why : NULL),
		"errors", "warnings", warnings_json(&check->report)));
}

static void check_print(const char *file, const struct check *check)
{
	for (size_t i = 0; i < check->n_plan; i++)
		print_line("%s", check->plan[i]);
	if (check->reload)
		puts(check->n_plan ? "this is what a reload would change" : "a reload would change nothing");
	if (check->as_xdp)
		print_line("verified as XDP programs, since extensions are refused here: %s", check->why);
	print_line("%s is good", file);
}

static int give_up_all(const struct options *options, const char *file, const struct report *report)
{
	give_up_report(options, EXIT_CONFIGURATION, report);
	if (!options->json)
		print_warnings(report);
	if (!options->json)
		fprintf(stderr, "xslotctl: %s has %zu error%s\n", file, report->n_errors,
			report->n_errors == 1 ? "" : "s");
	return EXIT_CONFIGURATION;
}

static int check_files_only(const struct options *options, const char *file, const char *why)
{
	struct config *config = NULL;
	struct report report = {};
	int r;

	if (config_load(NULL, file, &config, &report) < 0)
		r = give_up_all(options, file, &report);
	else
		r = give_up(options, EXIT_PERMISSION,
			"%s is well-formed, but its plugins cannot be verified, since %s: run it as root",
			file, why);
	report_clear(&report);
	config_free(config);
	return r;
}

struct wish {
	const struct options *options;
	const char *file;
};

static int check_all(void *data)
{
	const struct wish *wish = data;
	const struct options *options = wish->options;
	const char *file = wish->file;
	struct check check;
	int r = check_run(file, &check);

	if (r < 0)
		r = give_up_all(options, file, &check.report);
	else if (options->json)
		r = check_json(file, &check);
	else
		check_print(file, &check);
	if (r == 0 && !options->json)
		print_warnings(&check.report);
	check_clear(&check);
	return r;
}

int verb_check(const struct options *options, int argc, char **argv)
{
	struct wish wish = { options, argc ? argv[0] : options->config };
	struct xslot_diag diag = {};
	char why[PERMISSION_TEXT];
	int r;

	if (permission_check(why) < 0)
		return check_files_only(options, wish.file, why);
	r = guard_run(check_all, &wish, &diag);
	if (r < 0)
		r = give_up(options, r == -EBADMSG ? EXIT_CONFIGURATION : EXIT_FAILURE, "cannot check %s: %s",
			wish.file, diag.message);
	xslot_diag_clear(&diag);
	return r;
}
