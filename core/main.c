/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* xslotd: connects the host to the process: options, signals, the loop. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "control/journal.h"
#include "host/loop/host.h"
#include "host/offline/check.h"
#include "host/plugin/crash.h"
#include "host/plugin/guard.h"
#include "host/plugin/hang.h"
#include "host/plugin/inspect.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/privileges.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/log.h"
#include "util/text.h"

#define EXIT_USAGE 2
#define OWN_MAPPING (128 << 10)
#define EXIT_CONFIGURATION 78

DEFINE_CLEANUP(struct host *, host_free);
DEFINE_CLEANUP(sd_event *, sd_event_unref);

static const char usage[] =
	"usage: xslotd [-c FILE] [--check] [--log-level LEVEL] [--log-format FORMAT] [--no-fuse]\n"
	"              [--keep-capabilities LIST] [--map-in-place] [--state-layout N]\n"
	"\n"
	"Runs the chains of XDP plugins that an INI file describes, see xslot.ini(5).\n"
	"\n"
	"  -c, --config FILE      the configuration (" XSLOT_CONFIG_FILE ")\n"
	"      --check            check it, also with the kernel's verifier, and exit: 0 good, 78 not\n"
	"      --log-level LEVEL  error, warning, info or debug; instead of the file's\n"
	"      --log-format FORMAT\n"
	"                         text, or json: an object in each line\n"
	"      --no-fuse          run every chain as slots, whatever the configuration says\n"
	"      --keep-capabilities LIST\n"
	"                         keep these, besides bpf, net_admin and perfmon, such as sys_admin,net_raw\n"
	"      --map-in-place     map plugin files in place, for valgrind and perf: writing to one then\n"
	"                         crashes the host\n"
	"      --state-layout N   make dispatchers with layout 2 or 3 (3): 2 is what an older xslotd can\n"
	"                         take over\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n"
	"\n"
	"SIGHUP reloads the configuration, SIGTERM and SIGINT stop. See xslotd(8).\n";

struct arguments {
	const char *file;
	bool check;
	bool log_level;
	bool no_fuse;
	bool in_place;
	uint64_t keep; /* capabilities, besides those that it needs */
};

static bool parse_keep(const char *words, uint64_t *ret_set)
{
	struct xslot_diag diag = {};

	if (privileges_parse(words, ret_set, &diag) == 0)
		return true;
	fprintf(stderr, "xslotd: --keep-capabilities: %s\n", diag.message);
	return false;
}

static bool parse_log_level(const char *word)
{
	enum log_level level;

	if (log_level_parse(word, &level) == 0) {
		log_set_level(level);
		return true;
	}
	fprintf(stderr, "xslotd: --log-level is error, warning, info or debug, not \"%s\"\n", word);
	return false;
}

static bool parse_log_format(const char *word)
{
	enum log_format format;

	if (log_format_parse(word, &format) == 0) {
		log_set_format(format);
		return true;
	}
	fprintf(stderr, "xslotd: --log-format is text or json, not \"%s\"\n", word);
	return false;
}

static bool parse_layout(const char *word)
{
	if (layout_make(strlen(word) == 1 ? (uint32_t)(word[0] - '0') : 0) == 0)
		return true;
	fprintf(stderr, "xslotd: --state-layout is 2 or 3, not \"%s\"\n", word);
	return false;
}

enum {
	OPTION_CHECK = 256,
	OPTION_LOG_LEVEL,
	OPTION_LOG_FORMAT,
	OPTION_NO_FUSE,
	OPTION_KEEP,
	OPTION_IN_PLACE,
	OPTION_LAYOUT
};

/* An option whose word may be wrong: false, and that has been said. */
static bool parse_word(int option, const char *word, struct arguments *arguments)
{
	switch (option) {
	case OPTION_LOG_LEVEL:
		arguments->log_level = true;
		return parse_log_level(word);
	case OPTION_LOG_FORMAT:
		return parse_log_format(word);
	case OPTION_KEEP:
		return parse_keep(word, &arguments->keep);
	case OPTION_LAYOUT:
		return parse_layout(word);
	default:
		return false;
	}
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *ret_arguments)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
		{ "log-format", required_argument, NULL, OPTION_LOG_FORMAT },
		{ "no-fuse", no_argument, NULL, OPTION_NO_FUSE },
		{ "keep-capabilities", required_argument, NULL, OPTION_KEEP },
		{ "map-in-place", no_argument, NULL, OPTION_IN_PLACE },
		{ "state-layout", required_argument, NULL, OPTION_LAYOUT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	int option;

	*ret_arguments = (struct arguments){ .file = XSLOT_CONFIG_FILE };
	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			ret_arguments->file = optarg;
			break;
		case OPTION_CHECK:
			ret_arguments->check = true;
			break;
		case OPTION_NO_FUSE:
			ret_arguments->no_fuse = true;
			break;
		case OPTION_IN_PLACE:
			ret_arguments->in_place = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("xslotd " XSLOT_VERSION);
			return EXIT_SUCCESS;
		default:
			if (!parse_word(option, optarg, ret_arguments))
				return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xslotd: unexpected argument \"%s\"; see xslotd --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

static int check_all(void *data)
{
	const char *file = data;
	struct check check;
	int r = check_run(file, &check);

	for (size_t i = 0; i < check.report.n_warnings; i++) {
		CLEANUP(free) char *text = report_format(&check.report.warnings[i]);

		fprintf(stderr, "warning: %s\n", text ? text : check.report.warnings[i].message);
	}
	for (size_t i = 0; i < check.report.n_kept; i++) {
		const struct report_error *error = &check.report.errors[i];
		CLEANUP(free) char *text = report_format(error);

		fprintf(stderr, "%s\n", text ? text : error->message);
		if (error->log && log_get_level() >= LOG_LEVEL_DEBUG)
			text_print_lines(stderr, "", error->log);
	}
	if (report_more(&check.report) > 0)
		fprintf(stderr, "… and %zu more errors, not kept\n", report_more(&check.report));
	if (check.as_xdp)
		fprintf(stderr, "note: verified as XDP programs, not as extensions: %s\n", check.why);
	if (r == 0)
		printf("%s: good\n", file);
	check_clear(&check);
	return r < 0 ? EXIT_CONFIGURATION : EXIT_SUCCESS;
}

static int run_check(const char *file)
{
	struct xslot_diag diag = {};
	int r = guard_run(check_all, (void *)file, &diag);

	if (r < 0)
		fprintf(stderr, "cannot check %s: %s\n", file, diag.message);
	xslot_diag_clear(&diag);
	return r == -EBADMSG ? EXIT_CONFIGURATION : r < 0 ? EXIT_FAILURE : r;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *data) ON_LOOP
{
	host_reload(data, info);
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *data) ON_LOOP
{
	host_stop(data, info);
	return 0;
}

static int watch_signals(sd_event *event, struct host *host)
{
	int r;

	r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, host);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, on_terminate, host);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, on_terminate, host);
	return r;
}

/*
 * Whoever sends one asks for a reload, also of a process that has just begun and has no handler yet: it waits
 * until the loop is there. So this is the first thing that is done, before the constructors of libraries.
 */
static void hold_hangup(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

static void hold_hangup_early(int argc, char **argv, char **environment)
{
	hold_hangup(SIG_BLOCK);
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(
	int argc, char **argv, char **environment) = hold_hangup_early;

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set,
		SIGIO); /* of leases, see util/lease.h: no thread of ours or of a plugin may die of it */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run_host(const struct arguments *arguments)
{
	CLEANUP(sd_event_unref) sd_event *event = NULL;
	CLEANUP(host_free) struct host *host = NULL;
	const struct hang_limits limits = hang_limits_of_host();
	struct xslot_diag diag = {};
	int r;

	thread_is_alone(); /* it becomes the loop's; the worker is yet to be started */
	block_signals();
	if (journal_is_stderr())
		log_set_journal(journal_send);
	crash_watch(STDERR_FILENO, getenv("JOURNAL_STREAM") ? "<2>" : "error: ");
	r = descriptors_raise();
	if (r < 0)
		log_warning("cannot raise the limit of file descriptors (RLIMIT_NOFILE): %s", strerror(-r));
	r = sd_event_default(&event);
	if (r < 0) {
		log_error("cannot make an event loop: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	r = host_new(event, arguments->file, &host, &diag);
	if (r < 0) {
		log_error("%s", diag.message);
		return EXIT_FAILURE;
	}
	r = hang_open(&limits, &diag);
	if (r < 0) {
		log_error("%s", diag.message);
		return EXIT_FAILURE;
	}
	if (arguments->log_level)
		host_keep_log_level(host);
	if (arguments->no_fuse)
		host_never_fuse(host);
	if (arguments->in_place) {
		log_warning(
			"plugin files are mapped in place (--map-in-place): writing to one while it runs crashes this host; replace files by renaming");
		host_map_in_place(host);
	}
	sd_event_set_watchdog(event, true);
	r = watch_signals(event, host);
	if (r < 0) {
		log_error("cannot watch signals: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	host_start(host);
	return sd_event_loop(event);
}

/* A host that lives for years must not hold more than it needs. */
static void keep_small(void)
{
	/*
	 * Larger allocations are mappings of their own. Left alone glibc raises this bound with the first of
	 * them that is freed, and keeps the megabytes that plugins' tables take in its heaps, reload after
	 * reload.
	 */
	mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
	/* A thread's stack has a few pages in use, and a huge page in their place takes 2 MiB. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct xslot_diag diag = {};
	int r;

	inspect_main(argc, argv);
	r = parse(argc, argv, &arguments);
	if (r >= 0)
		return r;
	if (privileges_drop(arguments.keep, &diag) < 0) {
		log_error("%s", diag.message);
		return EXIT_FAILURE;
	}
	keep_small();
#if defined(SABOTAGE_NO_GRACE) || defined(SABOTAGE_IN_PLACE)
	log_error(
		"TEST-ONLY BUILD: it breaks a promise on purpose (meson option sabotage); never run it on a live machine");
#endif
	if (arguments.check) {
		hold_hangup(SIG_UNBLOCK);
		return run_check(arguments.file);
	}
	r = run_host(&arguments);
	hang_close();
	crash_unwatch();
	return r;
}
