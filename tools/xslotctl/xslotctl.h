/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* xslotctl: shared by its verbs. */
#ifndef XSLOTCTL_H
#define XSLOTCTL_H

#include <jansson.h>
#include <stdbool.h>

#include "util/diag.h"

/* Exit codes: sysexits(3)'s numbers where it has one. */
enum {
	EXIT_USAGE = 2,
	EXIT_WOULD_CHANGE = 3, /* reload --dry-run */
	EXIT_PROBLEMS = 4,     /* status --problems: there are some */
	EXIT_UNREACHABLE = 69,
	EXIT_PERMISSION = 77,
	EXIT_CONFIGURATION = 78,
};

struct options {
	char **argv; /* the whole command line, for another program */
	bool json;
	const char *socket;
	const char *config;
	const char *plugin_path; /* NULL: the configuration's, else the build's */
	const char *bpffs;	 /* NULL: the configuration's, else the build's */
	bool allow_detach, allow_bare, settle, dry_run;
	bool make;
	const char *template;		      /* plugin new; NULL: the usual one */
	const char *confirm;		      /* a duration; NULL: need not be */
	const char *target, *function, *name; /* extend */
	bool list, detach;
	bool all;	      /* clean */
	bool problems, watch; /* status */
	bool follow;	      /* events */
};

/* Each verb gets its own arguments and returns the exit code. */
int verb_status(const struct options *options, int argc, char **argv);
int verb_health(const struct options *options, int argc, char **argv);
int verb_reload(const struct options *options, int argc, char **argv);
int verb_rollback(const struct options *options, int argc, char **argv);
int verb_confirm(const struct options *options, int argc, char **argv);
int verb_events(const struct options *options, int argc, char **argv);
int verb_bypass(const struct options *options, int argc, char **argv);
int verb_call(const struct options *options, int argc, char **argv);
int verb_check(const struct options *options, int argc, char **argv);
int verb_plugin_list(const struct options *options, int argc, char **argv);
int verb_plugin_info(const struct options *options, int argc, char **argv);
int verb_plugin_new(const struct options *options, int argc, char **argv);
int verb_plugin_release(const struct options *options, int argc, char **argv);
int verb_features(const struct options *options, int argc, char **argv);
int verb_extend(const struct options *options, int argc, char **argv);
int verb_clean(const struct options *options, int argc, char **argv);

/* First of all in main(). */
void begin(int argc, char **argv);

/* A status as the options want it; `details`: of one chain. Returns the exit code. */
int print_status(const struct options *options, const json_t *status, bool details);

/*
 * `status` without a host: what runs in the kernel. `why` none is asked: returns EXIT_UNREACHABLE then; NULL:
 * none was to be.
 */
int status_pins(const struct options *options, const char *chain, const char *why);

/* The configuration's folder of pins; when it cannot be read the default one, with a warning in `notes`.
 * Caller frees.
 */
char *find_bpffs(const struct options *options, struct report *notes);

/* `clean` without a host: remove pins. */
int clean_pins(const struct options *options, const char *chain);

/* One sentence to stderr, or {"format": 1, "errors": […]} to stdout with --json. Returns `code`. */
int give_up(const struct options *options, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same for all errors of a report, or of a JSON array as in the status, with the verifiers' logs; `more`
 * is how many there were beyond those.
 */
int give_up_report(const struct options *options, int code, const struct report *report);
int give_up_errors(const struct options *options, int code, json_t *errors, size_t more);

/* For a terminal: the same with what is not fit to print escaped, keys too; NULL when out of memory. */
json_t *printable(const json_t *json);
/* A line to stdout, escaped as a whole. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "xslotctl: WARNING: …" to stderr, a line each. */
void print_warnings(const struct report *report);

/* Print a JSON object, taken over, with "format" put first. Returns 0, or EXIT_FAILURE when stdout is broken.
 */
int print_json(json_t *object);

/* The same in one line, for a stream of objects. */
int print_json_line(json_t *object);

/* Its text, also where another version may have sent something else: "" then. */
const char *string_of(const json_t *json);
/* Members of a JSON object that another version may have sent: "", 0, false, NULL when not there. */
const char *text_of(const json_t *object, const char *key);
json_int_t number_of(const json_t *object, const char *key);

#endif
