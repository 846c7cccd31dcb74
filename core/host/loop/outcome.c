/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A transaction is freed before anybody hears of it, so what is told is copied out of it: to the log at once,
 * to status until the next one, to systemd as a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "host/loop/host_private.h"
#include "host/loop/trial.h"
#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

static void print_detached(FILE *out, const struct dataplane *dataplane)
{
	size_t n = 0;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (chain->interfaces[j].alarm)
				fprintf(out, "%s%s", n++ ? ", " : "DETACHED: ", chain->interfaces[j].name);
		}
	}
	if (n)
		fputs("; ", out);
}

/* "BYPASSED: edge; OFF: lab; ", or "": nobody may overlook it. Caller frees. */
static char *alarms(const struct host *host)
{
	const struct dataplane *dataplane = &host->dataplane;
	const char *names[QUARANTINE_MAX];
	size_t size = 0, n = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		memory_out();
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		if (dataplane->chains[i]->bypass)
			fprintf(out, "%s%s", n++ ? ", " : "BYPASSED: ", dataplane->chains[i]->name);
	}
	if (n)
		fputs("; ", out);
	for (size_t i = 0; i < dataplane->n_off; i++)
		fprintf(out, "%s%s", i ? ", " : "OFF: ", dataplane->off[i]);
	if (dataplane->n_off)
		fputs("; ", out);
	print_detached(out, dataplane);
	n = quarantine_list(names, QUARANTINE_MAX);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? ", " : "QUARANTINED: ", names[i]);
	if (n)
		fputs("; ", out);
	if (fclose(out) != 0)
		memory_out();
	return text;
}

void outcome_notify_ready(const struct host *host)
{
	CLEANUP(free) char *names = alarms(host);
	CLEANUP(free) char *loud = text_clean(names); /* a line feed would begin another variable */
	size_t n_slots = 0, n_interfaces = 0;

	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		n_slots += host->dataplane.chains[i]->n_slots;
		n_interfaces += host->dataplane.chains[i]->n_interfaces;
	}
	sd_notifyf(0, "READY=1\nSTATUS=%s%s%s%zu chain%s, %zu slot%s, %zu interface%s; last reload: %s",
		host->kept.hold ? "held, the files are not applied; " : "",
		host->kept.problem ? "the state folder cannot be used; " : "", loud ? loud : "",
		host->dataplane.n_chains, host->dataplane.n_chains == 1 ? "" : "s", n_slots,
		n_slots == 1 ? "" : "s", n_interfaces, n_interfaces == 1 ? "" : "s", host->last.result);
}

/* Errors move out of the transaction, changes are copied. */
static void copy_outcome(
	struct host *host, const char *result, bool with_changes, struct status_reload *ret_reload)
{
	struct report *report = transaction_report(host->transaction);
	char *const *lines;
	size_t n = transaction_changes(host->transaction, &lines);

	ret_reload->result = result;
	ret_reload->at = time(NULL);
	ret_reload->duration_us = host_now_us() - host->begun_us;
	ret_reload->changed = calloc(n + 1, sizeof(*ret_reload->changed));
	ret_reload->errors = calloc(report->n_kept + 1, sizeof(*ret_reload->errors));
	if (!ret_reload->changed || !ret_reload->errors)
		memory_out();
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

void outcome_remember(struct host *host, const char *result)
{
	status_reload_clear(&host->last);
	copy_outcome(host, result, strcmp(result, "ok") == 0, &host->last);
	host->last.confirm_seconds = trial_left(host);
}

void outcome_reply_tried(struct host *host)
{
	bool refused = transaction_report(host->transaction)->n_errors > 0;
	struct status_reload tried = {};

	copy_outcome(host,
		refused					      ? "refused"
		: transaction_is_unchanged(host->transaction) ? "unchanged"
							      : "would-change",
		!refused, &tried);
	calls_reply(&host->running->callers, &tried);
	status_reload_clear(&tried);
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

void outcome_log_errors(const struct host *host)
{
	struct report *report = transaction_report(host->transaction);

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

void outcome_log(const struct host *host)
{
	struct report *report = transaction_report(host->transaction);
	char *const *lines;
	size_t n = transaction_changes(host->transaction, &lines);

	outcome_log_errors(host);
	if (report->n_errors > 0) {
		log_error("%s refused, %zu error%s%s%s",
			!host->ready			       ? "start"
			: host->running->wish == HISTORY_FILES ? "reload"
							       : "rollback",
			report->n_errors, report->n_errors == 1 ? "" : "s",
			host->ready || host->adopted ? "; the running configuration stays" : "",
			asked_clause(&host->running->asked));
		return;
	}
	for (size_t i = 0; i < n; i++)
		log_info("%s", lines[i]);
	log_info("%s", transaction_is_unchanged(host->transaction) ? "nothing to change" : "done");
}
