/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* `clean`: takes off what a host that is gone left running. Where bpffs is, the configuration says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "host/clean.h"
#include "kernel/permission.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(struct config *, config_free);

int verb_clean(const struct options *options, int argc, char **argv)
{
	CLEANUP(config_free) struct config *config = NULL;
	struct report report = {};
	struct xslot_diag diag = {};
	char why[PERMISSION_TEXT];
	size_t n = 0;
	int r;

	if (permission_check(why) < 0)
		return give_up(options, EXIT_PERMISSION, "cannot remove pins, since %s: run it as root", why);
	if (config_load(NULL, options->config, &config, &report) < 0) {
		r = give_up_report(options, EXIT_CONFIGURATION, &report);
		report_clear(&report);
		return r;
	}
	r = clean_run(config->host.bpffs, argc ? argv[0] : NULL, &n, &diag);
	if (r == -EBUSY)
		return give_up(options, EXIT_FAILURE,
			"an xslotd runs with %s: take the chain out of its files and reload, or stop it "
			"first",
			config->host.bpffs);
	if (r < 0)
		return give_up(options, EXIT_FAILURE, "%s", diag.message);
	if (options->json)
		return print_json(json_pack("{s:I}", "removed", (json_int_t)n));
	printf("%zu chain%s taken off\n", n, n == 1 ? "" : "s");
	return 0;
}
