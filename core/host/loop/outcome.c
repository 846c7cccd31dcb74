/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A transaction is freed before its outcome is shown, so the outcome is copied: for the log at once, for
 * status until the next one.
 */
#include "host/loop/outcome.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"

const char *reload_result_name(enum reload_result result)
{
	static const char *const names[] = { [RELOAD_NONE] = "none",
		[RELOAD_OK] = "ok",
		[RELOAD_UNCHANGED] = "unchanged",
		[RELOAD_REFUSED] = "refused",
		[RELOAD_WOULD_CHANGE] = "would-change" };

	return names[result];
}

/* Errors move out of the transaction, changes are copied. */
static void copy(struct transaction *transaction, enum reload_result result, uint64_t begun_us,
	struct status_reload *ret_reload)
{
	bool with_changes = result == RELOAD_OK || result == RELOAD_WOULD_CHANGE;
	struct report *report = transaction_report(transaction);
	char *const *lines;
	size_t n = transaction_changes(transaction, &lines);

	ret_reload->result = reload_result_name(result);
	ret_reload->at = time(NULL);
	ret_reload->duration_us = clock_us(CLOCK_MONOTONIC) - begun_us;
	ret_reload->changed = memory_must(calloc(n + 1, sizeof(*ret_reload->changed)));
	ret_reload->errors = memory_must(calloc(report->n_kept + 1, sizeof(*ret_reload->errors)));
	for (size_t i = 0; with_changes && i < n; i++)
		ret_reload->changed[ret_reload->n_changed++] = memory_copy(lines[i]);
	ret_reload->n_more_errors = report_more(report);
	for (size_t i = 0; i < report->n_kept; i++) {
		struct report_error *error = &report->errors[i];

		ret_reload->errors[ret_reload->n_errors++] = (struct status_error){
			.file = TAKE_PTR(error->file),
			.line = error->line,
			.message = TAKE_PTR(error->message),
			.log = TAKE_PTR(error->log),
		};
	}
}

void outcome_remember(struct outcome *outcome, struct transaction *transaction, enum reload_result result)
{
	status_reload_clear(&outcome->last);
	copy(transaction, result, outcome->begun_us, &outcome->last);
}

void outcome_of_dry_run(
	const struct outcome *outcome, struct transaction *transaction, struct status_reload *ret_reload)
{
	bool refused = transaction_report(transaction)->n_errors > 0;

	copy(transaction,
		refused					? RELOAD_REFUSED
		: transaction_is_unchanged(transaction) ? RELOAD_UNCHANGED
							: RELOAD_WOULD_CHANGE,
		outcome->begun_us, ret_reload);
}

static void log_verifier(const char *log)
{
	log_debug("verifier's log:");
	log_lines(LOG_LEVEL_DEBUG, log);
}

static void log_warnings(const struct report *report)
{
	for (size_t i = 0; i < report->n_warnings; i++) {
		CLEANUP(free) char *text = report_format(&report->warnings[i]);

		log_warning("%s", text ? text : report->warnings[i].message);
	}
}

void outcome_log_errors(struct transaction *transaction)
{
	struct report *report = transaction_report(transaction);

	log_warnings(report);
	for (size_t i = 0; i < report->n_kept; i++) {
		CLEANUP(free) char *text = report_format(&report->errors[i]);

		log_error("%s", text ? text : report->errors[i].message);
		if (report->errors[i].log)
			log_verifier(report->errors[i].log);
	}
	if (report_more(report) > 0)
		log_error("… and %zu more error%s, not kept", report_more(report),
			report_more(report) == 1 ? "" : "s");
}

void outcome_log(struct transaction *transaction, const char *what, bool runs, const struct asked *asked)
{
	struct report *report = transaction_report(transaction);
	/* Each of these lines begins with the chain or the slot that it is about. */
	struct log_about about = { .event = what, .by = asked_by(asked) };
	char *const *lines;
	size_t n = transaction_changes(transaction, &lines);

	outcome_log_errors(transaction);
	if (report->n_errors > 0) {
		log_write_about(LOG_LEVEL_ERROR, &about, "%s refused, %zu error%s%s%s", what,
			report->n_errors, report->n_errors == 1 ? "" : "s",
			runs ? "; the running configuration stays" : "", asked_clause(asked));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		about.place = lines[i];
		log_write_about(LOG_LEVEL_INFO, &about, "%s", lines[i]);
	}
	about.place = NULL;
	log_write_about(LOG_LEVEL_INFO, &about, "%s",
		transaction_is_unchanged(transaction) ? "nothing to change" : "done");
}

/* Errors as sentences with their places. The caller frees each. */
static size_t format_errors(const struct report *report, char *lines[static EVENTS_CHANGED_MAX])
{
	size_t n = 0;

	for (; n < report->n_kept && n < EVENTS_CHANGED_MAX; n++)
		lines[n] = memory_must(report_format(&report->errors[n]));
	return n;
}

void outcome_tell(
	struct events *events, struct transaction *transaction, const char *what, const struct asked *asked)
{
	struct report *report = transaction_report(transaction);
	struct events_about about = { .kind = what, .asked = asked };
	char *errors[EVENTS_CHANGED_MAX];
	char *const *lines;
	size_t n = transaction_changes(transaction, &lines), n_errors;

	if (report->n_errors > 0) {
		n_errors = format_errors(report, errors);
		about.result = "refused";
		about.changed = errors;
		about.n_changed = n_errors;
		events_add(events, &about, "%s refused, %zu error%s", what, report->n_errors,
			report->n_errors == 1 ? "" : "s");
		for (size_t i = 0; i < n_errors; i++)
			free(errors[i]);
		return;
	}
	if (strcmp(what, "start") != 0 && transaction_is_unchanged(transaction))
		return;
	about.result = "ok";
	about.changed = lines;
	about.n_changed = n;
	events_add(events, &about, "%s, %zu change%s", what, n, n == 1 ? "" : "s");
}
