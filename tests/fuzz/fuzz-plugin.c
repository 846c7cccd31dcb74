/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as a plugin file, as far as it is read as data: ELF by libelf, the descriptor, the table of
 * parameters. What is accepted holds what module.h promises: texts end, and there are no pointers.
 */
#include <xslot/plugin.h>

#include "config/param.h"
#include "fuzz.h"
#include "module/describe.h"
#include "util/file.h"

static void check_plugin(const struct descriptor *plugin)
{
	expect(strlen(plugin->name) < sizeof(plugin->name) && describe_name_valid(plugin->name), "a name");
	expect(strlen(plugin->summary) < sizeof(plugin->summary), "a summary ends");
	expect(!plugin->bpf && !plugin->function && !plugin->check && !plugin->stop, "no pointers");
	params_check_schema(plugin->params, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct blob blob = { .fd = -1, .data = size ? (uint8_t *)data : NULL, .size = size };
	struct descriptor plugin;
	struct xslot_diag diag = {};

	if (describe_blob(&blob, "/plugins/sample.so", &plugin, NULL, &diag) == 0)
		check_plugin(&plugin);
	else
		expect(diag.message[0] != 0, "an error says something");
	xslot_diag_clear(&diag);
	return 0;
}
