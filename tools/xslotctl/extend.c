/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `extend`: fill a function of any loaded program from an object file, list such extensions, take them off.
 * It asks no host. It reads the configuration, if there is one, only to find the pins.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "control/status_json.h"
#include "extension/permission.h"
#include "host/offline/extend.h"
#include "table.h"
#include "util/cleanup.h"
#include "xslotctl.h"

DEFINE_CLEANUP(struct config *, config_free);

static int failed(const struct options *options, int error, struct xslot_diag *diag)
{
	struct report report = {};
	int code;

	code = error == -EPERM || error == -EACCES ? EXIT_PERMISSION : EXIT_FAILURE;
	report_take(&report, NULL, 0, diag);
	give_up_report(options, code, &report);
	report_clear(&report);
	return code;
}

static const char *state_of(const struct extend_entry *entry)
{
	return entry->trouble[0] ? "broken" : entry->place.used ? "live" : "unused";
}

static json_t *entry_json(const struct extend_entry *entry)
{
	const struct target_place *place = &entry->place;

	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:o}", "name", entry->name, "state",
		state_of(entry), "program", json_text(place->program), "program_id",
		(json_int_t)place->program_id, "link_id", (json_int_t)place->link_id, "target",
		json_text(place->target), "target_id", (json_int_t)place->target_id, "function",
		json_text(place->function[0] ? place->function : NULL), "since", json_time(entry->since),
		"why", json_text(entry->trouble[0] ? entry->trouble : NULL));
}

static void print_entry(const struct extend_entry *entry, const char *what)
{
	const struct target_place *place = &entry->place;

	print_line("%s: program %s (id %u) %s %s() of program %s (id %u)", entry->name, place->program,
		place->program_id, what, place->function[0] ? place->function : "a function", place->target,
		place->target_id);
}

static int list(const struct options *options, const char *bpffs)
{
	CLEANUP(free) struct extend_entry *entries = NULL;
	struct table table = { .align = "lllrlll" };
	struct xslot_diag diag = {};
	char age[32];
	size_t n = 0;
	int r;

	r = extend_list(bpffs, &entries, &n, &diag);
	if (r < 0)
		return failed(options, r, &diag);
	if (options->json) {
		json_t *array = json_array();

		for (size_t i = 0; i < n; i++)
			json_array_append_new(array, entry_json(&entries[i]));
		return print_json(json_pack("{s:o}", "extensions", array));
	}
	for (const char *const *heading = (const char *const[]){ "NAME", "PROGRAM", "TARGET", "ID",
		     "FUNCTION", "STATE", "SINCE", NULL };
		n && *heading; heading++)
		table_add(&table, "%s", *heading);
	for (size_t i = 0; i < n; i++) {
		const struct target_place *place = &entries[i].place;

		table_add(&table, "%s", entries[i].name);
		table_add(&table, "%s", place->program);
		table_add(&table, "%s", place->target);
		table_add(&table, "%u", place->target_id);
		table_add(&table, "%s", place->function);
		table_add(&table, "%s", state_of(&entries[i]));
		table_add(&table, "%s%s",
			entries[i].trouble[0] ? "" : format_age(time(NULL) - entries[i].since, age),
			entries[i].trouble[0] ? entries[i].trouble : " ago");
	}
	table_print(&table, 0);
	return 0;
}

static int detach(const struct options *options, const char *bpffs, const char *name)
{
	struct xslot_diag diag = {};
	struct extend_entry entry;
	int r;

	r = extend_detach(bpffs, name, &entry, &diag);
	if (r < 0)
		return failed(options, r, &diag);
	if (options->json)
		return print_json(json_pack("{s:o}", "detached", entry_json(&entry)));
	print_entry(&entry, "no longer fills");
	return 0;
}

static int fill(const struct options *options, const char *bpffs, char *file)
{
	struct extend_request request = {
		.file = file,
		.target = options->target,
		.function = options->function,
		.name = options->name,
	};
	char *colon = strrchr(file, ':');
	struct xslot_diag diag = {};
	struct extend_entry entry;
	int r;

	if (!options->target || !options->function)
		return give_up(
			options, EXIT_USAGE, "extend needs --target and --function, or --list or --detach");
	if (colon && access(file, F_OK) < 0) {
		*colon = 0;
		request.program = colon + 1;
	}
	r = extend_fill(bpffs, &request, &entry, &diag);
	if (r < 0)
		return failed(options, r, &diag);
	if (options->json)
		return print_json(json_pack("{s:o}", "extension", entry_json(&entry)));
	print_entry(&entry, "fills");
	return 0;
}

int verb_extend(const struct options *options, int argc, char **argv)
{
	CLEANUP(config_free) struct config *config = NULL;
	const char *bpffs = CONFIG_BPFFS;
	struct report report = {};
	char why[PERMISSION_TEXT];

	if (options->list ? argc || options->detach : argc != 1)
		return give_up(options, EXIT_USAGE,
			"usage: xslotctl extend FILE[:PROGRAM] --target TARGET --function NAME [--name NAME], extend --list, or extend --detach NAME");
	if (permission_check(why) < 0)
		return give_up(
			options, EXIT_PERMISSION, "cannot extend programs, since %s: run it as root", why);
	if (options->bpffs) {
		bpffs = options->bpffs;
	} else if (access(options->config, F_OK) == 0 || strcmp(options->config, XSLOT_CONFIG) != 0) {
		if (config_load(NULL, options->config, &config, &report) < 0) {
			give_up_report(options, EXIT_CONFIGURATION, &report);
			report_clear(&report);
			return EXIT_CONFIGURATION;
		}
		bpffs = config->host.bpffs;
		report_clear(&report);
	}
	if (options->list)
		return list(options, bpffs);
	return options->detach ? detach(options, bpffs, argv[0]) : fill(options, bpffs, argv[0]);
}
