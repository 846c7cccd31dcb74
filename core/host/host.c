/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One transaction at a time. Each phase hands over to the next through the worker's `done`, so between phases
 * the loop answers status and takes requests; those that come while a transaction runs are all served by the
 * next one, which reads files that are newer than every one of the requests.
 */
#include "host/host.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "control/interface.h"
#include "control/server.h"
#include "host/calls.h"
#include "host/show.h"
#include "host/transaction.h"
#include "host/worker.h"
#include "util/cleanup.h"
#include "util/log.h"

#define EXIT_CONFIGURATION 78

struct host {
	sd_event *event;
	char *file;
	struct dataplane dataplane;
	struct worker *worker;
	struct server *server;
	struct transaction *transaction; /* the one that runs */
	struct calls waiting;		 /* xslotctl reload: for the next transaction */
	struct calls served;		 /* by the one that runs */
	bool wanted;			 /* one more transaction */
	bool allow_detach;
	bool stopping;
	bool ready; /* the first load succeeded */
	bool log_level_kept;
	bool keep; /* on_stop of the configuration that runs */
	char *socket;
	uint64_t begun_us;
	struct status_reload last;
	time_t started;
	uint64_t reloads, failed_reloads;
};

DEFINE_CLEANUP(struct host *, host_free);

static void begin(struct host *host);

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void notify_ready(struct host *host)
{
	size_t n_slots = 0, n_interfaces = 0;

	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		n_slots += host->dataplane.chains[i]->n_slots;
		n_interfaces += host->dataplane.chains[i]->n_interfaces;
	}
	sd_notifyf(0, "READY=1\nSTATUS=%zu chains, %zu slots, %zu interfaces; last reload: %s",
		host->dataplane.n_chains, n_slots, n_interfaces, host->last.result);
}

/* Keep what the transaction says beyond its end, for status and for the callers who wait. */
static void remember(struct host *host, const char *result)
{
	struct report *report = transaction_report(host->transaction);
	struct status_reload *last = &host->last;
	bool applied = strcmp(result, "ok") == 0;
	char *const *lines;
	size_t n = transaction_changes(host->transaction, &lines);

	status_reload_clear(last);
	last->result = result;
	last->at = time(NULL);
	last->duration_us = now_us() - host->begun_us;
	last->changed = calloc(n + 1, sizeof(*last->changed));
	last->errors = calloc(report->n_errors + 1, sizeof(*last->errors));
	if (!last->changed || !last->errors)
		abort();
	for (size_t i = 0; applied && i < n; i++)
		last->changed[last->n_changed++] = strdup(lines[i]);
	for (size_t i = 0; i < report->n_errors; i++) {
		struct report_error *error = &report->errors[i];

		last->errors[last->n_errors++] = (struct status_error){
			.file = TAKE_PTR(error->file),
			.line = error->line,
			.message = TAKE_PTR(error->message),
			.log = TAKE_PTR(error->log),
		};
	}
}

static void log_outcome(struct host *host)
{
	struct report *report = transaction_report(host->transaction);
	char *const *lines;
	size_t n = transaction_changes(host->transaction, &lines);

	for (size_t i = 0; i < report->n_errors; i++) {
		CLEANUP(free) char *text = report_format(&report->errors[i]);

		log_error("%s", text);
		if (report->errors[i].log)
			log_debug("verifier's log:\n%s", report->errors[i].log);
	}
	if (report->n_errors > 0) {
		log_error("%s refused, %zu error%s%s", host->ready ? "reload" : "start", report->n_errors,
			report->n_errors == 1 ? "" : "s",
			host->ready ? "; the running configuration stays" : "");
		return;
	}
	for (size_t i = 0; i < n; i++)
		log_info("%s", lines[i]);
	log_info("%s", transaction_is_unchanged(host->transaction) ? "nothing to change" : "done");
}

static void resume_watches(struct host *host)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_resume(&chain->slots[j].occupant->context);
	}
}

/* The transaction is over and freed (by the worker): tell everybody, and begin the next when one is wanted.
 */
static void on_freed(void *data)
{
	struct host *host = data;
	bool first_refused = !host->ready && strcmp(host->last.result, "refused") == 0;

	host->transaction = NULL;
	resume_watches(host);
	calls_reply(&host->served, &host->last);
	if (first_refused) {
		sd_event_exit(host->event, EXIT_CONFIGURATION);
		return;
	}
	host->ready = true;
	if (host->stopping) {
		sd_event_exit(host->event, 0);
		return;
	}
	notify_ready(host);
	if (host->wanted)
		begin(host);
}

static void job_free(void *data)
{
	struct host *host = data;

	transaction_free(host->transaction);
	/* What plugins built and freed, megabytes for acl, glibc would keep, in the heap of either thread. */
	malloc_trim(0);
}

static void finish(struct host *host, const char *result)
{
	host->reloads += host->ready;
	host->failed_reloads += host->ready && strcmp(result, "refused") == 0;
	log_outcome(host);
	remember(host, result);
	worker_submit(host->worker, job_free, on_freed, host);
}

static void on_rolled_back(void *data)
{
	finish(data, "refused");
}

static void on_released(void *data)
{
	finish(data, "ok");
}

static void job_release(void *data)
{
	transaction_release(((struct host *)data)->transaction);
}

static void on_settled(void *data)
{
	struct host *host = data;

	transaction_retire(host->transaction);
	worker_submit(host->worker, job_release, on_released, host);
}

static void job_settle(void *data)
{
	transaction_settle(((struct host *)data)->transaction);
}

static void job_rollback(void *data)
{
	transaction_rollback(((struct host *)data)->transaction);
}

static void on_status(struct server_call *call, const char *chain, void *data)
{
	struct host *host = data;
	struct status *status = status_new();

	if (!status)
		abort();
	if (show_chains(host->dataplane.chains, host->dataplane.n_chains, chain, status) < 0) {
		CLEANUP(free) char *text = NULL;

		if (asprintf(&text, "there is no chain \"%s\"", chain) >= 0)
			server_reply_error(call, ERROR_NO_SUCH_CHAIN, text);
		status_free(status);
		return;
	}
	status->host.version = strdup(XSLOT_VERSION);
	status->host.pid = getpid();
	status->host.started = host->started;
	status->host.reloads = host->reloads;
	status->host.failed_reloads = host->failed_reloads;
	status->last_reload = host->last; /* lent */
	server_reply_status(call, status);
	status->last_reload = (struct status_reload){};
	status_free(status);
}

static void on_reload(struct server_call *call, bool allow_detach, void *data)
{
	struct host *host = data;

	calls_add(&host->waiting, call);
	host->allow_detach |= allow_detach;
	host_reload(host);
}

/* Opened before the first commit: two hosts with one socket must not both reach for the interfaces. */
static int open_socket(struct host *host, const struct config *config)
{
	const struct server_handler handler = { .status = on_status, .reload = on_reload, .data = host };
	struct report *report = transaction_report(host->transaction);
	const struct config_place *place = &config->host.socket_place;
	const char *file = place->file ? place->file : config->file;
	struct xslot_diag diag = {};

	if (host->server) {
		if (strcmp(host->socket, config->host.socket) == 0)
			return 0;
		return report_add(report, file, place->line,
			"[host] socket cannot change from %s to %s while the host runs; restart xslotd for "
			"that",
			host->socket, config->host.socket);
	}
	host->socket = strdup(config->host.socket);
	if (!host->socket)
		abort();
	if (server_new(host->event, host->socket, &handler, &host->server, &diag) < 0)
		return report_take(report, file, place->line, &diag);
	return 0;
}

static void say_what_is_not_there(void)
{
	log_info("this version has no fused tier: every chain runs as slots");
}

static void on_prepared(void *data)
{
	struct host *host = data;
	const struct config *config = transaction_config(host->transaction);
	struct report *report = transaction_report(host->transaction);

	if (report->n_errors == 0 && config && open_socket(host, config) == 0) {
		if (!host->log_level_kept)
			log_set_level(config->host.log_level);
		host->keep = config->host.on_stop == ON_STOP_KEEP;
		if (!host->ready)
			say_what_is_not_there();
		if (transaction_is_unchanged(host->transaction)) {
			finish(host, "unchanged");
			return;
		}
		if (transaction_commit(host->transaction, host->event) == 0) {
			worker_submit(host->worker, job_settle, on_settled, host);
			return;
		}
	}
	worker_submit(host->worker, job_rollback, on_rolled_back, host);
}

static void job_prepare(void *data)
{
	transaction_prepare(((struct host *)data)->transaction);
}

static void begin(struct host *host)
{
	const struct transaction_options options = { .file = host->file, .allow_detach = host->allow_detach };

	host->wanted = false;
	host->allow_detach = false;
	calls_move(&host->served, &host->waiting);
	host->begun_us = now_us();
	if (host->ready) {
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
			(unsigned long long)host->begun_us);
		log_info("reloading %s", host->file);
	}
	if (transaction_new(&host->dataplane, &options, &host->transaction) < 0) {
		log_error("cannot reload: out of memory");
		calls_refuse(&host->served, "the host is out of memory");
		notify_ready(host);
		return;
	}
	worker_submit(host->worker, job_prepare, on_prepared, host);
}

void host_start(struct host *host)
{
	begin(host);
}

void host_reload(struct host *host)
{
	if (host->stopping)
		calls_refuse(&host->waiting, "the host is stopping");
	else if (host->transaction)
		host->wanted = true;
	else
		begin(host);
}

void host_stop(struct host *host)
{
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	host->stopping = true;
	calls_refuse(&host->waiting, "the host is stopping");
	if (!host->transaction)
		sd_event_exit(host->event, 0);
}

void host_keep_log_level(struct host *host)
{
	host->log_level_kept = true;
}

int host_new(sd_event *event, const char *file, struct host **ret_host, struct xslot_diag *diag)
{
	CLEANUP(host_free) struct host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return fail(diag, -ENOMEM, "out of memory");
	host->event = sd_event_ref(event);
	host->file = strdup(file);
	host->started = time(NULL);
	host->last.result = "none";
	r = grace_new(&host->dataplane.grace, diag);
	if (r < 0)
		return r;
	r = modules_new(&host->dataplane.modules);
	if (r < 0 || !host->file)
		return fail(diag, -ENOMEM, "out of memory");
	r = worker_new(event, &host->worker);
	if (r < 0)
		return fail(diag, r, "cannot start the worker thread: %s", strerror(-r));
	*ret_host = TAKE_PTR(host);
	return 0;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	worker_free(host->worker);
	calls_refuse(&host->waiting, "the host is stopping");
	calls_refuse(&host->served, "the host is stopping");
	server_free(host->server);
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
	}
	/* A start that was refused leaves what an earlier host runs. */
	dataplane_close(&host->dataplane, host->keep || !host->ready);
	status_reload_clear(&host->last);
	free(host->socket);
	free(host->file);
	sd_event_unref(host->event);
	free(host);
}
