/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Failures as sentences: one (struct xslot_diag), or all of a file's (struct report). */
#ifndef UTIL_DIAG_H
#define UTIL_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <xslot/diag.h>

/*
 * Write the sentence into `diag` (may be NULL), replacing what stands there, and return `error` (-errno).
 * Control characters in it are escaped, whatever names it holds: see text_clean_into().
 * One of -EMFILE or -ENFILE also says the limit and what raises it.
 */
int fail(struct xslot_diag *diag, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Put "CONTEXT: " before the sentence that is there. Returns `error`. */
int fail_within(struct xslot_diag *diag, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Every error of a reload, with the place in the configuration that each is about. */
struct report_error {
	char *file;    /* NULL: no place */
	unsigned line; /* 0: the whole file */
	char *message;
	char *log; /* verifier's log or NULL */
};

#define REPORT_KEPT_MAX 100 /* a file of a million wrong lines must not fill log, answer and memory */

struct report {
	struct report_error *errors; /* the first ones, n_kept of them */
	size_t n_kept;
	size_t n_errors; /* all, those that were only counted too */
	/*
	 * The last error is that file descriptors ran out. Whatever is tried after that fails too, so no more
	 * are taken: stop.
	 */
	bool no_descriptors;
	struct report_error *warnings; /* what is allowed, and perhaps not meant; REPORT_KEPT_MAX at most */
	size_t n_warnings;
};

/*
 * Append one error; always returns -EINVAL, so that a checker can `return report_add(…)`. `file` may be NULL.
 * Beyond REPORT_KEPT_MAX, and when out of memory, an error is counted only. Control characters in the
 * sentence are escaped.
 */
int report_add(struct report *report, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Append the sentence and the log (taken over) of `diag`, which is cleared. Returns -EINVAL. */
int report_take(struct report *report, const char *file, unsigned line, struct xslot_diag *diag);

/* Append a warning, which is no error. */
void report_warn(struct report *report, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* How many errors were counted only. */
size_t report_more(const struct report *report);

/* Forget all errors after the first `n`, of all, and the warnings. */
void report_cut(struct report *report, size_t n);
void report_clear(struct report *report);

/* "FILE:LINE: MESSAGE", the one form that log, CLI and tests show, fit to print. NULL when out of memory. */
char *report_format(const struct report_error *error);

#endif
