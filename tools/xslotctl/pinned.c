/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `status` when no host answers. Packets still meet the chains, and an operator wants to see that first. The
 * exit code is still a failure: no host manages the chains.
 */
#include <stdio.h>
#include <stdlib.h>

#include "control/status_json.h"
#include "extension/permission.h"
#include "host/offline/remains.h"
#include "screen.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(json_t *, json_decref);
DEFINE_CLEANUP(struct status *, status_free);

/* The host's members are null, and `errors` says why. */
static json_t *make_json(
	const struct status *status, const char *bpffs, const struct report *notes, const char *why)
{
	static const char *const of_host[] = { "host", "last_reload", "configuration" };
	json_t *json = status_to_json(status), *warnings = json_array(), *errors = json_array();

	for (size_t i = 0; i < sizeof(of_host) / sizeof(*of_host); i++)
		json_object_set_new(json, of_host[i], json_null());
	for (size_t i = 0; i < notes->n_warnings; i++)
		json_array_append_new(warnings, json_error_at(NULL, 0, notes->warnings[i].message));
	if (why)
		json_array_append_new(errors, json_error_at(NULL, 0, why));
	json_object_set_new(json, "bpffs", json_text(bpffs));
	json_object_set_new(json, "warnings", warnings);
	json_object_set_new(json, "errors", errors);
	return json;
}

static int print(const struct options *options, json_t *json, const struct report *notes, const char *bpffs,
	const char *why, bool details)
{
	if (options->json)
		return print_status(options, json, details);
	if (why)
		give_up(options, EXIT_UNREACHABLE, "%s", why);
	print_warnings(notes);
	printf("%s%sthis runs in the kernel, pinned in %s%s%s\n", style_alarm(), why ? "NO HOST: " : "",
		bpffs, why ? ", without a host that manages it" : "", style_end());
	return print_status(options, json, details);
}

int status_pins(const struct options *options, const char *chain, const char *why)
{
	CLEANUP(json_decref) json_t *json = NULL;
	CLEANUP(status_free) struct status *status = NULL;
	CLEANUP(free) char *bpffs = NULL;
	char no_right[PERMISSION_TEXT];
	struct xslot_diag diag = {};
	struct report notes = {};
	int code, r;

	if (permission_check(no_right) < 0)
		return why ? give_up(options, EXIT_UNREACHABLE, "%s", why)
			   : give_up(options, EXIT_PERMISSION, "cannot read pins, since %s: run it as root",
				     no_right);
	bpffs = find_bpffs(options, &notes);
	if (remains_look(bpffs, chain, &status, &notes, &diag) < 0) {
		code = why ? give_up(options, EXIT_UNREACHABLE,
				     "%s; and the chains in the kernel cannot be shown: %s", why,
				     diag.message)
			   : give_up(options, EXIT_FAILURE, "%s", diag.message);
	} else {
		json = make_json(status, bpffs, &notes, why);
		r = print(options, json, &notes, bpffs, why, chain != NULL);
		code = why ? EXIT_UNREACHABLE : r;
	}
	report_clear(&notes);
	return code;
}
