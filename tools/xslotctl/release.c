/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ledger of crashes is a file that a running host has mapped too, so what is written here is known to
 * both.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "config/config.h"
#include "control/status_json.h"
#include "host/plugin/quarantine.h"
#include "xslotctl.h"

int verb_plugin_release(const struct options *options, int argc, char **argv)
{
	struct config_host host = {};
	struct xslot_diag diag = {};
	size_t n = 0;
	int r;

	if (geteuid() != 0)
		return give_up(options, EXIT_PERMISSION, "only root may release a plugin");
	if (config_load_host(options->config, &host) < 0) {
		config_host_deinit(&host);
		return give_up(options, EXIT_CONFIGURATION,
			"cannot read [host] of %s, which says where crashes are counted: `xslotctl check %s` says why not",
			options->config, options->config);
	}
	r = quarantine_release(host.state, argv[0], &n, &diag);
	config_host_deinit(&host);
	if (r < 0)
		return give_up(options, EXIT_FAILURE, "%s", diag.message);
	if (options->json)
		return print_json(json_pack("{s:o, s:b}", "plugin", json_text(argv[0]), "released", n > 0));
	if (n > 0)
		print_line("plugin %s may be tried again: start or reload the host", argv[0]);
	else
		print_line("plugin %s was neither quarantined nor silenced", argv[0]);
	return 0;
}
