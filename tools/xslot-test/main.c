/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* xslot-test: plugins and chains on packets from a file, without an interface. See xslot-test(1). */
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/permission.h"
#include "host/plugin/crash.h"
#include "host/plugin/inspect.h"
#include "run.h"
#include "util/diag.h"

enum { EXIT_USAGE = 2, EXIT_PERMISSION = 77, EXIT_CONFIGURATION = 78 };
enum { OPTION_PLUGIN_PATH = 256, OPTION_UPDATE, OPTION_PRINT, OPTION_BENCH };

static const struct option long_options[] = {
	{ "plugin-path", required_argument, NULL, OPTION_PLUGIN_PATH },
	{ "define", required_argument, NULL, 'D' },
	{ "update", no_argument, NULL, OPTION_UPDATE },
	{ "print", no_argument, NULL, OPTION_PRINT },
	{ "bench", no_argument, NULL, OPTION_BENCH },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{},
};

static const char usage[] =
	"xslot-test [OPTION…] FILE…: run plugins on packets, and compare the results with the file\n\n"
	"      --plugin-path=PATH   directories of plugins, separated by colons (default: where FILE lies,\n"
	"                           then " XSLOT_PLUGINDIR ")\n"
	"  -D, --define=NAME=VALUE  what ${NAME} in the file stands for\n"
	"      --update             write the results into the file\n"
	"      --print              … or to stdout\n"
	"      --bench              how long each packet takes; nothing is compared\n"
	"  -v, --verbose            the verifier's log of each program that it refuses, on stderr\n"
	"  -h, --help, -V, --version\n\n"
	"FILE may be -, stdin. Exit code: 0 all is as expected, 1 something is not, 2 usage,\n"
	"77 no permission to load programs, 78 the file is not well-formed. See xslot-test(1).\n";

struct arguments {
	struct test_options test;
	bool update, print;
};

static int usage_error(const char *what, const char *of)
{
	fprintf(stderr, "xslot-test: %s%s; `xslot-test --help` lists them\n", of, what);
	return EXIT_USAGE;
}

static int add_define(struct test_options *test, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || test->n_defines == sizeof(test->defines) / sizeof(*test->defines))
		return usage_error("--define needs NAME=VALUE", "");
	*equals = 0;
	test->defines[test->n_defines++] = (struct define){ .name = text, .value = equals + 1 };
	return -1;
}

/* -1: go on; else the exit code. */
static int parse_option(int option, char **argv, struct arguments *arguments)
{
	switch (option) {
	case OPTION_PLUGIN_PATH:
		arguments->test.plugin_path = optarg;
		return -1;
	case 'D':
		return add_define(&arguments->test, optarg);
	case OPTION_UPDATE:
		arguments->update = true;
		return -1;
	case OPTION_PRINT:
		arguments->print = true;
		return -1;
	case OPTION_BENCH:
		arguments->test.bench = true;
		return -1;
	case 'v':
		arguments->test.verbose = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return 0;
	case 'V':
		printf("xslot-test %s\n", XSLOT_VERSION);
		return 0;
	case ':':
		return usage_error(" needs a value", argv[optind - 1]);
	default:
		return usage_error(" is not an option, or takes no value", argv[optind - 1]);
	}
}

static int update(const struct script *script)
{
	bool is_stdin = !strcmp(script->name, "-");
	FILE *out = is_stdin ? stdout : fopen(script->name, "we");

	if (!out) {
		fprintf(stderr, "xslot-test: cannot write %s: %s\n", script->name, strerror(errno));
		return EXIT_FAILURE;
	}
	script_write(script, out);
	if ((is_stdin ? fflush(out) : fclose(out)) != 0) {
		fprintf(stderr, "xslot-test: cannot write all of %s: %s\n", script->name, strerror(errno));
		return EXIT_FAILURE;
	}
	return 0;
}

static bool differs(const struct script *script)
{
	for (size_t i = 0; i < script->n_commands; i++)
		if (script->commands[i].output)
			return true;
	return false;
}

static int run_all(struct script **scripts, size_t n, const struct arguments *arguments)
{
	bool quiet = arguments->print || arguments->test.bench;
	struct tally tally = { .quiet = quiet, .accept = arguments->update || quiet };
	unsigned n_tests = 0;
	int code = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < scripts[i]->n_commands; j++)
			n_tests += scripts[i]->commands[j].kind == COMMAND_TEST;
	if (!quiet)
		printf("1..%u\n# plugins run as XDP programs, one slot after the other: no dispatcher, no interface\n",
			n_tests);
	if (!quiet && !rig_has_metadata())
		printf("# metadata before a packet is not passed from slot to slot: that needs Linux 5.14 or newer\n");
	for (size_t i = 0; i < n; i++) {
		run_script(scripts[i], &arguments->test, &tally);
		if (arguments->print)
			script_write(scripts[i], stdout);
		else if (arguments->update && differs(scripts[i]))
			code |= update(scripts[i]);
	}
	return tally.failed ? EXIT_FAILURE : code;
}

/* The programs run where we do, so what is in a per-CPU map is on this CPU. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int run_files(char **paths, size_t n, const struct arguments *arguments)
{
	struct script **scripts = calloc(n, sizeof(*scripts));
	char why[PERMISSION_TEXT];
	int code = 0;

	for (size_t i = 0; scripts && i < n; i++) {
		struct xslot_diag diag = {};

		if (script_read(paths[i], &scripts[i], &diag) < 0) {
			fprintf(stderr, "xslot-test: %s\n", diag.message);
			code = EXIT_CONFIGURATION;
		}
		xslot_diag_clear(&diag);
	}
	if (scripts && code == 0 && permission_check(why) < 0) {
		printf("1..0 # SKIP %s\n", why);
		fprintf(stderr, "xslot-test: cannot load programs, since %s: run it as root\n", why);
		code = EXIT_PERMISSION;
	}
	if (scripts && code == 0)
		code = run_all(scripts, n, arguments);
	for (size_t i = 0; scripts && i < n; i++)
		script_free(scripts[i]);
	free(scripts);
	return code;
}

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {};
	int option, code;

	inspect_main(argc, argv);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":D:hvV", long_options, NULL)) != -1) {
		code = parse_option(option, argv, &arguments);
		if (code >= 0)
			return code;
	}
	if (optind == argc)
		return usage_error("no FILE is given", "");
	libbpf_set_print(no_print);
	stay_here();
	/* A plugin's crash takes nothing with it of what was written before. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	crash_watch(arguments.print ? STDERR_FILENO : STDOUT_FILENO, "Bail out! ");
	code = run_files(argv + optind, (size_t)(argc - optind), &arguments);
	crash_unwatch();
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "xslot-test: cannot write all of the output\n");
	return code ? code : EXIT_FAILURE;
}
