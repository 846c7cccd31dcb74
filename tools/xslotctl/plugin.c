/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a plugin says about itself, read without running any of its code. It comes from the same table that
 * the host checks parameters against, so this page is never out of date; a plugin needs no other
 * documentation of its keys.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/param_text.h"
#include "control/status_json.h"
#include "host/plugin/inspect.h"
#include "module/moddir.h"
#include "module/module.h"
#include "screen.h"
#include "table.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "util/text.h"
#include "xslotctl.h"

static const char *const type_names[] = {
	[XSLOT_BOOL] = "bool",
	[XSLOT_UINT] = "uint",
	[XSLOT_INT] = "int",
	[XSLOT_DURATION] = "duration",
	[XSLOT_ENUM] = "enum",
	[XSLOT_STRING] = "string",
	[XSLOT_PATH] = "path",
	[XSLOT_MAC] = "mac",
	[XSLOT_ADDRESS] = "address",
	[XSLOT_PREFIX] = "prefix",
	[XSLOT_FILE] = "file",
};

/* A file that nobody has trusted yet may hold anything, and a terminal obeys escape sequences. */
static void defuse(char *text, size_t size)
{
	char clean[256];

	text_clean_into(clean, size < sizeof(clean) ? size : sizeof(clean), text);
	strcpy(text, clean);
}

#define DEFUSE(array) defuse(array, sizeof(array))

static int describe(const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag)
{
	int r = inspect_describe(path, ret_plugin, diag);

	if (r < 0)
		return r;
	DEFUSE(ret_plugin->name);
	DEFUSE(ret_plugin->version);
	DEFUSE(ret_plugin->summary);
	for (size_t i = 0; i < XSLOT_MAX_PARAMS; i++) {
		DEFUSE(ret_plugin->params[i].name);
		DEFUSE(ret_plugin->params[i].help);
		DEFUSE(ret_plugin->params[i].fallback);
		DEFUSE(ret_plugin->params[i].words);
	}
	for (size_t i = 0; i < XSLOT_MAX_COMMANDS; i++)
		DEFUSE(ret_plugin->commands[i].help);
	return 0;
}

static const char *type_name(const struct xslot_param *param)
{
	bool known = param->type < sizeof(type_names) / sizeof(*type_names) && type_names[param->type];

	return known ? type_names[param->type] : "of a type that is unknown to this program";
}

static bool has_range(const struct xslot_param *param)
{
	bool number = param->type == XSLOT_UINT || param->type == XSLOT_INT || param->type == XSLOT_DURATION;

	return number && param->bounds;
}

/* Nanoseconds in the greatest unit that divides them: as one would write it in the INI file. */
static void print_duration(char *to, size_t size, uint64_t ns)
{
	static const struct {
		uint64_t length;
		const char *name;
	} units[] = { { 3600000000000, "h" }, { 60000000000, "m" }, { 1000000000, "s" }, { 1000000, "ms" },
		{ 1000, "us" }, { 1, "ns" } };
	size_t i = 0;

	while (ns % units[i].length || (!ns && units[i].length > 1))
		i++;
	snprintf(to, size, "%" PRIu64 "%s", ns / units[i].length, units[i].name);
}

static void print_bound(char *to, size_t size, const struct xslot_param *param, uint64_t bound)
{
	if (param->type == XSLOT_DURATION)
		print_duration(to, size, bound);
	else if (param->type == XSLOT_INT)
		snprintf(to, size, "%" PRId64, (int64_t)bound);
	else
		snprintf(to, size, "%" PRIu64, bound);
}

static void print_type(char *to, size_t size, const struct xslot_param *param)
{
	const struct param_range range = param_range(param);
	char low[32], high[32];

	print_bound(low, sizeof(low), param, range.low);
	print_bound(high, sizeof(high), param, range.high);
	if (param->type == XSLOT_ENUM)
		snprintf(to, size, "%s", param->words);
	else if (!has_range(param))
		snprintf(to, size, "%s", type_name(param));
	else if (!range.at_most)
		snprintf(to, size, "%s at least %s", type_name(param), low);
	else if (!range.at_least && param->type == XSLOT_INT)
		snprintf(to, size, "%s at most %s", type_name(param), high);
	else
		snprintf(to, size, "%s %s to %s", type_name(param), low, high);
}

/* Their names and types have been checked. */
static void print_commands(const struct descriptor *plugin)
{
	struct table table = { .align = "llll" };

	if (!plugin->commands[0].name[0])
		return;
	putchar('\n');
	table_add(&table, "COMMAND");
	table_add(&table, "ARGUMENTS");
	table_add(&table, "FOR");
	table_add(&table, "MEANING");
	for (const struct descriptor_command *command = plugin->commands; command->name[0]; command++) {
		table_add(&table, "%s", command->name);
		table_add(&table, "%s", *command->arguments ? command->arguments : "-");
		table_add(&table, "%s", command->reading ? "all" : "root");
		table_add(&table, "%s", command->help);
	}
	table_print(&table, 2);
}

static void print_params(const struct descriptor *plugin)
{
	struct table table = { .align = "llll" };
	char type[160];

	if (!plugin->params[0].type) {
		printf("  no parameters\n");
		return;
	}
	putchar('\n');
	table_add(&table, "PARAMETER");
	table_add(&table, "TYPE");
	table_add(&table, "DEFAULT");
	table_add(&table, "MEANING");
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && plugin->params[i].type; i++) {
		const struct xslot_param *param = &plugin->params[i];

		print_type(type, sizeof(type), param);
		table_add(&table, "%s", param->name);
		table_add(&table, "%s", type);
		table_add(&table, "%s",
			param->required	   ? "(required)"
			: *param->fallback ? param->fallback
					   : "-");
		table_add(&table, "%s", param->help);
	}
	table_print(&table, 2);
}

static void print_info(const char *path, const struct descriptor *plugin, const char *distrust)
{
	printf("%s%s %s%s: %s\n", style_bold(), plugin->name, plugin->version, style_end(), plugin->summary);
	print_line("  file %s, state version %u", path, plugin->state_version);
	if (distrust)
		printf("  %sthe host refuses it: %s%s\n", style_alarm(), distrust, style_end());
	print_params(plugin);
	print_commands(plugin);
}

static json_t *words_json(const struct xslot_param *param)
{
	json_t *words = json_array();
	char copy[sizeof(param->words)], *rest = copy, *word;

	if (param->type != XSLOT_ENUM)
		return words;
	memcpy(copy, param->words, sizeof(copy));
	while ((word = strsep(&rest, "|")))
		json_array_append_new(words, json_text(word));
	return words;
}

static json_t *param_json(const struct xslot_param *param)
{
	const struct param_range range = param_range(param);
	/* JSON's integers end at 2^63 - 1 here: a greater maximum is as good as none. */
	bool low = has_range(param) && range.at_least,
	     high = has_range(param) && range.at_most &&
		    (param->type == XSLOT_INT || range.high <= INT64_MAX);

	return json_pack("{s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "name", json_text(param->name), "type",
		type_name(param), "help", json_text(param->help), "required", (int)param->required, "default",
		json_text(*param->fallback ? param->fallback : NULL), "words", words_json(param), "min",
		low ? json_integer((json_int_t)range.low) : json_null(), "max",
		high ? json_integer((json_int_t)range.high) : json_null());
}

static json_t *commands_json(const struct descriptor *plugin)
{
	json_t *commands = json_array();

	for (const struct descriptor_command *command = plugin->commands; command->name[0]; command++) {
		json_t *arguments = json_array();

		for (size_t i = 0; i < XSLOT_MAX_ARGUMENTS && command->types[i]; i++)
			json_array_append_new(arguments, json_string(type_names[command->types[i]]));
		json_array_append_new(commands,
			json_pack("{s:s, s:o, s:o, s:b}", "name", command->name, "arguments", arguments,
				"help", json_text(command->help), "reading", (int)command->reading));
	}
	return commands;
}

static json_t *plugin_json(const char *path, const struct descriptor *plugin)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(plugin->name), "version",
		json_text(plugin->version), "summary", json_text(plugin->summary), "file", json_text(path));
}

static json_t *info_json(const char *path, const struct descriptor *plugin, const char *distrust)
{
	json_t *info = plugin_json(path, plugin), *parameters = json_array();

	for (size_t i = 0; i < XSLOT_MAX_PARAMS && plugin->params[i].type; i++)
		json_array_append_new(parameters, param_json(&plugin->params[i]));
	json_object_set_new(info, "abi", json_integer(plugin->abi));
	json_object_set_new(info, "state_version", json_integer(plugin->state_version));
	json_object_set_new(info, "refused", json_text(distrust));
	json_object_set_new(info, "parameters", parameters);
	json_object_set_new(info, "commands", commands_json(plugin));
	return info;
}

/* Where the host would look. A configuration that cannot be read is said, unless there is none at all. */
static char *search_path(const struct options *options)
{
	struct config *config = NULL;
	struct report report = {};
	char *path;

	if (options->plugin_path)
		return memory_copy(options->plugin_path);
	if (config_load(NULL, options->config, &config, &report) == 0) {
		path = memory_copy(config->host.plugin_path);
		config_free(config);
		return path;
	}
	report_clear(&report);
	if (!options->json && access(options->config, F_OK) == 0)
		fprintf(stderr,
			"xslotctl: %s cannot be used (see xslotctl check), so plugins are looked for in %s\n",
			options->config, XSLOT_PLUGINDIR);
	return memory_copy(XSLOT_PLUGINDIR);
}

int verb_plugin_info(const struct options *options, int argc, char **argv)
{
	CLEANUP(free) char *search = search_path(options);
	CLEANUP(free) char *path = NULL, *real = NULL;
	struct descriptor plugin;
	struct xslot_diag diag = {}, distrust = {};
	bool refused;
	int r;

	if (strchr(argv[0], '/'))
		path = memory_copy(argv[0]);
	else if (moddir_find(NULL, search, argv[0], &path, &diag) < 0)
		return give_up(options, EXIT_FAILURE, "%s", diag.message);
	r = describe(path, &plugin, &diag);
	if (r < 0)
		return give_up(options, r == -EACCES ? EXIT_PERMISSION : EXIT_FAILURE, "%s", diag.message);
	refused = moddir_trust(path, &real, &distrust) < 0;
	if (options->json)
		return print_json(json_pack(
			"{s:o}", "plugin", info_json(path, &plugin, refused ? distrust.message : NULL)));
	print_info(path, &plugin, refused ? distrust.message : NULL);
	return 0;
}

struct listing {
	struct table table;
	json_t *plugins;
	struct report report; /* files that are no plugins */
};

static void listing_add(struct listing *listing, const char *path)
{
	struct descriptor plugin;
	struct xslot_diag diag = {};

	if (describe(path, &plugin, &diag) < 0) {
		report_take(&listing->report, NULL, 0, &diag);
		return;
	}
	if (!listing->table.n_cells) {
		table_add(&listing->table, "PLUGIN");
		table_add(&listing->table, "VERSION");
		table_add(&listing->table, "SUMMARY");
	}
	table_add(&listing->table, "%s", plugin.name);
	table_add(&listing->table, "%s", plugin.version);
	table_add(&listing->table, "%s", plugin.summary);
	json_array_append_new(listing->plugins, plugin_json(path, &plugin));
}

static int listing_print(const struct options *options, struct listing *listing, const char *search)
{
	int code = listing->report.n_errors ? EXIT_FAILURE : 0;
	size_t n = json_array_size(listing->plugins);
	json_t *errors;

	if (!options->json) {
		if (n)
			table_print(&listing->table, 0);
		else
			print_line("no plugins in %s", search);
		return code ? give_up_report(options, code, &listing->report) : 0;
	}
	errors = json_array();
	for (size_t i = 0; i < listing->report.n_kept; i++)
		json_array_append_new(errors, json_error_at(NULL, 0, listing->report.errors[i].message));
	print_json(json_pack("{s:o, s:O, s:o, s:I}", "plugin_path", json_text(search), "plugins",
		listing->plugins, "errors", errors, "more_errors",
		(json_int_t)report_more(&listing->report)));
	return code;
}

int verb_plugin_list(const struct options *options, int argc, char **argv)
{
	struct listing listing = { .table = { .align = "lll" }, .plugins = json_array() };
	CLEANUP(free) char *search = search_path(options);
	struct xslot_diag diag = {};
	char **paths = NULL;
	size_t n = 0;
	int r;

	if (moddir_list(search, &paths, &n, &diag) < 0)
		report_take(&listing.report, NULL, 0, &diag);
	for (size_t i = 0; i < n; i++) {
		listing_add(&listing, paths[i]);
		free(paths[i]);
	}
	free(paths);
	r = listing_print(options, &listing, search);
	table_clear(&listing.table);
	json_decref(listing.plugins);
	report_clear(&listing.report);
	return r;
}
