/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One table describes the whole command line: parsing and help use it, and completion reads the help. Options
 * may be before or after the verb, so all are parsed before the verb is known. An option that belongs to one
 * verb is refused by all others: a user who gives it expects something of it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/memory.h"
#include "xslotctl.h"

static int verb_help(const struct options *options, int argc, char **argv);

static const struct verb {
	const char *name; /* one word or two */
	const char *arguments;
	const char *summary;
	const char *takes; /* options that are not for all verbs, each between blanks */
	int min, max;	   /* number of arguments */
	int (*run)(const struct options *options, int argc, char **argv);
} verbs[] = {
	{ "status", "[CHAIN]", "show chains, interfaces, slots, packets and the last reload",
		" bpffs problems watch ", 0, 1, verb_status },
	{ "health", "", "one line for a monitor; exit code 0 ok, 1 warning, 2 critical, 3 unknown", "", 0, 0,
		verb_health },
	{ "events", "", "show what happened to the host; --follow: and what happens", " follow ", 0, 0,
		verb_events },
	{ "reload", "", "apply the configuration files, and wait until that is done",
		" allow-bare allow-detach confirm dry-run settle ", 0, 0, verb_reload },
	{ "rollback", "", "return to the previous configuration; again: forward",
		" allow-bare allow-detach confirm ", 0, 0, verb_rollback },
	{ "confirm", "", "keep what \"reload --confirm\" applied", "", 0, 0, verb_confirm },
	{ "bypass", "CHAIN on|off", "give every packet the final verdict at once, or run the slots again", "",
		2, 2, verb_bypass },
	{ "call", "CHAIN.SLOT COMMAND [ARGUMENT…]",
		"run a command of the plugin in this slot; \"plugin info\" lists them", "", 2, 6, verb_call },
	{ "check", "[FILE]", "try all of a reload but attaching, and show the plan; needs no host", "", 0, 1,
		verb_check },
	{ "plugin list", "", "list the plugins", " plugin-path ", 0, 0, verb_plugin_list },
	{ "plugin info", "NAME|FILE",
		"show a plugin's version, parameters (types, defaults, ranges) and commands", " plugin-path ",
		1, 1, verb_plugin_info },
	{ "plugin new", "NAME [DIR]",
		"make a new plugin, which builds and passes its test, in its own folder", " make template ",
		1, 2, verb_plugin_new },
	{ "plugin release", "NAME", "allow another try of a plugin that crashed the host", "", 1, 1,
		verb_plugin_release },
	{ "features", "", "show what this kernel allows, and why not", "", 0, 0, verb_features },
	{ "extend", "FILE[:PROGRAM]",
		"fill a function of any loaded program (--target, --function); --list; --detach NAME",
		" bpffs target function name list detach ", 0, 1, verb_extend },
	{ "clean", "CHAIN", "take a chain off, or with --all every one, whether a host runs or is gone",
		" all bpffs ", 0, 1, verb_clean },
	{ "help", "[VERB]", "show this, or the help of one verb", "", 0, 2, verb_help },
};

#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static const char option_help[] =
	"  -j, --json              print JSON: format, what was asked for, or errors[]\n"
	"  -s, --socket=PATH       the host's control socket (default: $XSLOT_SOCKET or " XSLOT_SOCKET ")\n"
	"  -c, --config=FILE       the configuration file (default: " XSLOT_CONFIG ")\n"
	"      --plugin-path=PATH  plugin list, info: directories of plugins, separated by colons (default: the configuration's)\n"
	"      --all               clean: every chain\n"
	"      --bpffs=DIR         status, clean, extend: without asking a host, the pins there (default: the configuration's)\n"
	"      --problems          status: only what needs attention, a line each; exit code 4 if there is any\n"
	"      --watch             status: packets and verdicts by the second, until ^C\n"
	"  -f, --follow            events: wait for more, until ^C\n"
	"      --confirm=TIME      reload, rollback: undo it after this time (30s, 5m) unless confirmed\n"
	"      --allow-detach      reload, rollback: let a change of mode detach an interface for a moment\n"
	"      --allow-bare        reload, rollback: let interfaces be left without a chain, chains without slots\n"
	"      --dry-run           reload: change nothing, show what would change; exit code 3 if anything would\n"
	"      --settle            reload: wait until nothing is left of the old configuration\n"
	"      --make              plugin new: with a Makefile in place of a meson.build\n"
	"      --template=NAME     plugin new: minimal, counter (default), state, tables or cxx\n"
	"      --target=PROGRAM    extend: which program, by id, by its pin's path or by name\n"
	"      --function=NAME     extend: which global function of it\n"
	"      --name=NAME         extend: what to call the extension (default: as its program)\n"
	"      --list, --detach    extend: list all, take the one of that name off\n"
	"  -h, --help, -V, --version\n";

static void print_verb(const struct verb *verb)
{
	char usage[64];

	snprintf(usage, sizeof(usage), "%s %s", verb->name, verb->arguments);
	printf("  %-22s  %s\n", usage, verb->summary);
}

/* Its own options: completion reads them here. */
static void print_verb_options(const struct verb *verb)
{
	char takes[128], *rest = takes, *option;

	snprintf(takes, sizeof(takes), "%s", verb->takes);
	while ((option = strsep(&rest, " ")))
		if (*option)
			printf("      --%s\n", option);
}

/* All verbs that begin with this word, as plugin; false: there are none. */
static bool print_family(const char *word)
{
	size_t length = strlen(word);
	bool found = false;

	for (size_t i = 0; i < N_VERBS; i++) {
		if (strncmp(verbs[i].name, word, length) || verbs[i].name[length] != ' ')
			continue;
		print_verb(&verbs[i]);
		print_verb_options(&verbs[i]);
		found = true;
	}
	return found;
}

/* How many of the words are the verb's name; 0: it is another verb. */
static int verb_match(const struct verb *verb, int argc, char **argv)
{
	const char *space = strchr(verb->name, ' ');
	size_t first = space ? (size_t)(space - verb->name) : strlen(verb->name);

	if (!argc || strlen(argv[0]) != first || strncmp(argv[0], verb->name, first))
		return 0;
	if (!space)
		return 1;
	return argc > 1 && !strcmp(argv[1], space + 1) ? 2 : 0;
}

/* NULL when no verb has that name. */
static const struct verb *verb_find(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < N_VERBS; i++) {
		int words = verb_match(&verbs[i], argc, argv);

		if (words) {
			*ret_words = words;
			return &verbs[i];
		}
	}
	return NULL;
}

/* The one that was probably meant, by its two words or by the first; NULL when none is near. */
static const char *nearest_verb(int argc, char **argv)
{
	const char *names[N_VERBS], *nearest = NULL;
	char words[64];

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].name;
	snprintf(words, sizeof(words), "%s %s", argv[0], argc > 1 ? argv[1] : "");
	if (argc > 1)
		nearest = text_nearest(words, names, N_VERBS);
	return nearest ? nearest : text_nearest(argv[0], names, N_VERBS);
}

/* "plugin" alone names no verb, but says which are meant. */
static int unknown_verb(const struct options *options, int argc, char **argv)
{
	const char *verb;
	char near[256] = "";
	size_t length = strlen(argv[0]);

	for (size_t i = 0; i < N_VERBS; i++)
		if (!strncmp(verbs[i].name, argv[0], length) && verbs[i].name[length] == ' ')
			snprintf(near + strlen(near), sizeof(near) - strlen(near), "%s \"%s\"",
				*near ? " or" : "", verbs[i].name);
	if (*near)
		return give_up(options, EXIT_USAGE, "\"%s%s%s\" is not a verb; did you mean%s?", argv[0],
			argc > 1 ? " " : "", argc > 1 ? argv[1] : "", near);
	verb = nearest_verb(argc, argv);
	if (verb)
		return give_up(
			options, EXIT_USAGE, "\"%s\" is not a verb; did you mean \"%s\"?", argv[0], verb);
	return give_up(options, EXIT_USAGE, "\"%s\" is not a verb; `xslotctl help` lists them", argv[0]);
}

static int verb_help(const struct options *options, int argc, char **argv)
{
	const struct verb *verb;
	int words;

	if (argc) {
		verb = verb_find(argc, argv, &words);
		if (!verb && argc == 1 && print_family(argv[0]))
			return 0;
		if (!verb)
			return unknown_verb(options, argc, argv);
		print_verb(verb);
		print_verb_options(verb);
		return 0;
	}
	printf("xslotctl [OPTION…] VERB …: show and change what xslotd runs\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		print_verb(&verbs[i]);
	printf("\n%s\nExit code: 0 ok, 1 failure, 2 usage, 69 host unreachable, 77 permission, 78 configuration.\n"
	       "See xslotctl(8).\n",
		option_help);
	return 0;
}

enum {
	OPTION_PLUGIN_PATH = 256,
	OPTION_ALLOW_DETACH,
	OPTION_ALLOW_BARE,
	OPTION_CONFIRM,
	OPTION_SETTLE,
	OPTION_DRY_RUN,
	OPTION_MAKE,
	OPTION_TEMPLATE,
	OPTION_BPFFS,
	OPTION_ALL,
	OPTION_TARGET,
	OPTION_FUNCTION,
	OPTION_NAME,
	OPTION_LIST,
	OPTION_DETACH,
	OPTION_PROBLEMS,
	OPTION_WATCH,
	OPTION_FOLLOW
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, 's' },
	{ "config", required_argument, NULL, 'c' },
	{ "plugin-path", required_argument, NULL, OPTION_PLUGIN_PATH },
	{ "allow-detach", no_argument, NULL, OPTION_ALLOW_DETACH },
	{ "allow-bare", no_argument, NULL, OPTION_ALLOW_BARE },
	{ "settle", no_argument, NULL, OPTION_SETTLE },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "make", no_argument, NULL, OPTION_MAKE },
	{ "template", required_argument, NULL, OPTION_TEMPLATE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "bpffs", required_argument, NULL, OPTION_BPFFS },
	{ "confirm", required_argument, NULL, OPTION_CONFIRM },
	{ "target", required_argument, NULL, OPTION_TARGET },
	{ "function", required_argument, NULL, OPTION_FUNCTION },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "detach", no_argument, NULL, OPTION_DETACH },
	{ "problems", no_argument, NULL, OPTION_PROBLEMS },
	{ "watch", no_argument, NULL, OPTION_WATCH },
	{ "follow", no_argument, NULL, OPTION_FOLLOW },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{},
};

static unsigned given; /* bit i: long_options[i], of those that not every verb takes */

/* Its letter was given; an option that has a letter has a long name here. */
static int long_of_letter(int letter, int *ret_index)
{
	if (letter != 'f')
		return letter;
	for (*ret_index = 0; long_options[*ret_index].val != OPTION_FOLLOW;)
		(*ret_index)++;
	return OPTION_FOLLOW;
}

/* NULL, or the first of the options given that `verb` does not take. */
static const char *not_taken(const struct verb *verb)
{
	char word[32];

	for (size_t i = 0; long_options[i].name; i++) {
		snprintf(word, sizeof(word), " %s ", long_options[i].name);
		if (given >> i & 1 && !strstr(verb->takes, word))
			return long_options[i].name;
	}
	return NULL;
}

/* The verbs that take it, for who gave it to another. */
static void who_takes(const char *name, char *ret_verbs, size_t size)
{
	size_t used = 0;
	char word[32];

	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < N_VERBS && used < size; i++)
		if (strstr(verbs[i].takes, word))
			used += snprintf(
				ret_verbs + used, size - used, "%s%s", used ? ", " : "", verbs[i].name);
}

static int run_verb(const struct options *options, int argc, char **argv)
{
	const char *alien;
	char takers[128];
	const struct verb *verb;
	int words = 0;

	if (!argc)
		return give_up(options, EXIT_USAGE, "no verb given; `xslotctl help` lists them");
	verb = verb_find(argc, argv, &words);
	if (!verb)
		return unknown_verb(options, argc, argv);
	argc -= words;
	argv += words;
	if (argc < verb->min)
		return give_up(options, EXIT_USAGE, "%s needs %s", verb->name, verb->arguments);
	if (argc > verb->max)
		return give_up(options, EXIT_USAGE, "%s takes no \"%s\"; usage: xslotctl %s %s", verb->name,
			argv[verb->max], verb->name, verb->arguments);
	alien = not_taken(verb);
	if (alien) {
		who_takes(alien, takers, sizeof(takers));
		return give_up(
			options, EXIT_USAGE, "%s takes no --%s; it is for %s", verb->name, alien, takers);
	}
	return verb->run(options, argc, argv);
}

/* Is it one of `extend`'s? */
static bool parse_extend(int option, struct options *options)
{
	switch (option) {
	case OPTION_TARGET:
		options->target = optarg;
		return true;
	case OPTION_FUNCTION:
		options->function = optarg;
		return true;
	case OPTION_NAME:
		options->name = optarg;
		return true;
	case OPTION_LIST:
		options->list = true;
		return true;
	case OPTION_DETACH:
		options->detach = true;
		return true;
	default:
		return false;
	}
}

/* Is it one of those that change what runs? */
static bool parse_change(int option, struct options *options)
{
	switch (option) {
	case OPTION_CONFIRM:
		options->confirm = optarg;
		return true;
	case OPTION_ALLOW_DETACH:
		options->allow_detach = true;
		return true;
	case OPTION_ALLOW_BARE:
		options->allow_bare = true;
		return true;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return true;
	case OPTION_SETTLE:
		options->settle = true;
		return true;
	case OPTION_ALL:
		options->all = true;
		return true;
	default:
		return false;
	}
}

/* Is it one of those that show? */
static bool parse_show(int option, struct options *options)
{
	switch (option) {
	case OPTION_PROBLEMS:
		options->problems = true;
		return true;
	case OPTION_FOLLOW:
		options->follow = true;
		return true;
	case OPTION_WATCH:
		options->watch = true;
		return true;
	default:
		return false;
	}
}

/* -1: go on with the verb; else the exit code. */
static int parse_options(int argc, char **argv, struct options *options)
{
	int option, index = 0;

	/* An error before --json is read is for the same script. */
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			options->json = true;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":js:c:fhV", long_options, &index)) != -1) {
		option = long_of_letter(option, &index);
		if (option >= OPTION_PLUGIN_PATH)
			given |= 1u << index;
		switch (option) {
		case 'j':
			options->json = true;
			break;
		case 's':
			options->socket = optarg;
			break;
		case 'c':
			options->config = optarg;
			break;
		case OPTION_PLUGIN_PATH:
			options->plugin_path = optarg;
			break;
		case OPTION_MAKE:
			options->make = true;
			break;
		case OPTION_TEMPLATE:
			options->template = optarg;
			break;
		case OPTION_BPFFS:
			options->bpffs = optarg;
			break;
		case 'h':
			return verb_help(options, 0, NULL);
		case 'V':
			printf("xslotctl %s\n", XSLOT_VERSION);
			return 0;
		case ':':
			return give_up(options, EXIT_USAGE, "option %s needs a value", argv[optind - 1]);
		default:
			if (parse_change(option, options) || parse_extend(option, options) ||
				parse_show(option, options))
				break;
			return give_up(options, EXIT_USAGE,
				"%s is not an option, or takes no value; `xslotctl help` lists them",
				argv[optind - 1]);
		}
	}
	return -1;
}

/* An answer of which a part is missing for want of memory would look like another answer. */
static void *allocate(size_t size)
{
	return memory_must(malloc(size));
}

int main(int argc, char **argv)
{
	const char *socket = getenv("XSLOT_SOCKET");
	struct options options = {
		.argv = argv,
		.socket = socket && *socket ? socket : XSLOT_SOCKET,
		.config = XSLOT_CONFIG,
	};
	int r;

	json_set_alloc_funcs(allocate, free);
	begin(argc, argv);
	r = parse_options(argc, argv, &options);
	if (r < 0)
		r = run_verb(&options, argc - optind, argv + optind);
	if (!fflush(stdout) && !ferror(stdout))
		return r;
	fprintf(stderr, "xslotctl: cannot write all of the output\n");
	return r ? r : EXIT_FAILURE;
}
