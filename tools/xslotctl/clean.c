/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `clean` without a host: it takes off what a host that is gone left running. The configuration says where
 * bpffs is; but a broken configuration may be the reason why no host runs, so it is not required.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "control/status_json.h"
#include "extension/permission.h"
#include "host/offline/clean.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "xslotctl.h"

DEFINE_CLEANUP(struct config *, config_free);

char *find_bpffs(const struct options *options, struct report *notes)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) char *why = NULL;
	struct report report = {};
	struct xslot_diag hidden = {};
	char *bpffs;

	if (options->bpffs) {
		bpffs = memory_copy(options->bpffs);
	} else if (config_load(NULL, options->config, &config, &report) == 0) {
		bpffs = memory_copy(config->host.bpffs);
	} else {
		bpffs = memory_copy(CONFIG_BPFFS);
		why = report.n_kept ? report_format(&report.errors[0]) : NULL;
		report_warn(notes, NULL, 0,
			"the configuration is wrong (%s), so this uses the default folder,  " CONFIG_BPFFS
			"; give --bpffs DIR if it is another",
			why ? why : "out of memory");
	}
	report_clear(&report);
	if (pindir_hides(bpffs, &hidden))
		report_warn(notes, NULL, 0, "%s", hidden.message);
	xslot_diag_clear(&hidden);
	return bpffs;
}

int clean_pins(const struct options *options, const char *chain)
{
	CLEANUP(free) char *bpffs = NULL;
	struct report notes = {};
	struct xslot_diag diag = {};
	char why[PERMISSION_TEXT];
	size_t n = 0;
	int r;

	if (permission_check(why) < 0)
		return give_up(options, EXIT_PERMISSION, "cannot remove pins, since %s: run it as root", why);
	bpffs = find_bpffs(options, &notes);
	print_warnings(&notes);
	report_clear(&notes);
	r = clean_run(bpffs, chain, &n, &diag);
	if (r == -EBUSY)
		return give_up(options, EXIT_FAILURE,
			"a running xslotd uses %s, and does not answer at %s: give its socket with --socket, or stop it first",
			bpffs, options->socket);
	if (r < 0)
		return give_up(options, EXIT_FAILURE, "%s", diag.message);
	if (options->json)
		return print_json(json_pack("{s:I, s:o}", "removed", (json_int_t)n, "message",
			json_text("no host runs; the next start sets up the chains of the configuration")));
	printf("%zu chain%s taken off\n", n, n == 1 ? "" : "s");
	return 0;
}
