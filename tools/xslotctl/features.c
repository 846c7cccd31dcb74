/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the kernel allows is found out by trying, so this needs the privileges of the host. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "control/status_json.h"
#include "extension/permission.h"
#include "kernel/features.h"
#include "table.h"
#include "util/cleanup.h"
#include "xslotctl.h"

static int features_json(const char *kernel, const struct feature *features, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:b, s:o}", "name", features[i].name, "available",
				       features[i].available, "why",
				       json_text(features[i].available ? NULL : features[i].why)));
	return print_json(json_pack("{s:s, s:o}", "kernel", kernel, "features", array));
}

int verb_features(const struct options *options, int argc, char **argv)
{
	CLEANUP(free) struct feature *features = NULL;
	struct table table = { .align = "lll" };
	struct utsname name = {};
	char why[PERMISSION_TEXT];
	size_t n;

	if (permission_check(why) < 0)
		return give_up(options, EXIT_PERMISSION,
			"cannot try the kernel's features, since %s: run it as root", why);
	n = features_probe(&features);
	uname(&name);
	if (options->json)
		return features_json(name.release, features, n);
	printf("%s %s\n", name.sysname, name.release);
	table_add(&table, "FEATURE");
	table_add(&table, "HERE");
	table_add(&table, "WHY NOT");
	for (size_t i = 0; i < n; i++) {
		table_add(&table, "%s", features[i].name);
		table_add(&table, "%s", features[i].available ? "yes" : "no");
		table_add(&table, "%s", features[i].available ? "" : features[i].why);
	}
	table_print(&table, 2);
	return 0;
}
