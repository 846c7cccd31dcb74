/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `check` is the host's own transaction, linked in: what it accepts here a reload accepts too. */
#include <stdio.h>

#include "control/status_json.h"
#include "host/check.h"
#include "xslotctl.h"

static int check_json(const char *file, const struct check *check)
{
	json_t *plan = json_array();

	for (size_t i = 0; i < check->n_plan; i++)
		json_array_append_new(plan, json_text(check->plan[i]));
	return print_json(json_pack("{s:o, s:o, s:s, s:o, s:[]}", "file", json_text(file), "plan", plan,
		"verified_as", check->as_xdp ? "xdp" : "extension", "why",
		json_text(check->as_xdp ? check->why : NULL), "errors"));
}

static void check_print(const char *file, const struct check *check)
{
	for (size_t i = 0; i < check->n_plan; i++)
		printf("%s\n", check->plan[i]);
	if (check->as_xdp)
		printf("verified as XDP programs, since extensions are refused here: %s\n", check->why);
	printf("%s is good\n", file);
}

int verb_check(const struct options *options, int argc, char **argv)
{
	const char *file = argc ? argv[0] : options->config;
	struct check check;
	int r;

	r = check_run(file, &check);
	if (r < 0) {
		size_t n = check.report.n_errors;

		r = give_up_report(options, EXIT_CONFIGURATION, &check.report);
		if (!options->json)
			fprintf(stderr, "xslotctl: %s has %zu error%s\n", file, n, n == 1 ? "" : "s");
	} else if (options->json) {
		r = check_json(file, &check);
	} else {
		check_print(file, &check);
	}
	check_clear(&check);
	return r;
}
