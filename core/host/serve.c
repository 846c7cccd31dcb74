/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What comes over the control socket; each answer is made on the loop, so it is of one moment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/interface.h"
#include "host/bypass.h"
#include "host/host_private.h"
#include "host/quarantine.h"
#include "host/show.h"
#include "host/takeoff.h"
#include "host/trial.h"
#include "util/cleanup.h"
#include "util/log.h"

static void on_status(struct server_call *call, const char *chain, void *data)
{
	struct host *host = data;
	struct status *status = status_new();
	const char *names[QUARANTINE_MAX];

	if (!status)
		abort();
	if (show_chains(host->dataplane.chains, host->dataplane.n_chains, chain, status) < 0) {
		CLEANUP(free) char *text = host_no_chain(host, chain);

		server_reply_error(call, ERROR_NO_SUCH_CHAIN, text);
		status_free(status);
		return;
	}
	status->off = calloc(host->dataplane.n_off + 1, sizeof(*status->off));
	if (!status->off)
		abort();
	for (size_t i = 0; i < host->dataplane.n_off; i++)
		status->off[status->n_off++] = strdup(host->dataplane.off[i]);
	status->n_quarantined = quarantine_list(names, QUARANTINE_MAX);
	status->quarantined = calloc(status->n_quarantined + 1, sizeof(*status->quarantined));
	if (!status->quarantined)
		abort();
	for (size_t i = 0; i < status->n_quarantined; i++)
		status->quarantined[i] = strdup(names[i]);
	status->host.version = strdup(XSLOT_VERSION);
	status->host.pid = getpid();
	status->host.started = host->started;
	status->host.reloads = host->reloads;
	status->host.failed_reloads = host->failed_reloads;
	status->last_reload = host->last; /* lent */
	trial_status(host, status);
	server_reply_status(call, status);
	status->last_reload = (struct status_reload){};
	status_free(status);
}

static void on_reload(struct server_call *call, const struct server_reload *asked, void *data)
{
	struct task *task = task_new(host_begin_reload, call);

	if (!asked->rollback && !asked->settle)
		calls_make_early(&task->callers);
	task->wish = asked->rollback ? HISTORY_PREVIOUS : HISTORY_FILES;
	task->allow_detach = asked->allow_detach;
	task->allow_bare = asked->allow_bare;
	task->confirm = asked->confirm;
	task->put_back = true;
	queue_add(data, task);
}

static void on_confirm(struct server_call *call, void *data)
{
	queue_add(data, task_new(trial_begin_confirm, call));
}

static void on_bypass(struct server_call *call, const char *chain, bool on, void *data)
{
	struct task *task = task_new(bypass_begin, call);

	task->on = on;
	task->chain = strdup(chain);
	if (!task->chain)
		abort();
	queue_add(data, task);
}

static void on_clean(struct server_call *call, const char *chain, void *data)
{
	struct task *task = task_new(takeoff_begin, call);

	if (chain && !(task->chain = strdup(chain)))
		abort();
	queue_add(data, task);
}

static void say_who_can_open(const struct host *host)
{
	const char *why;
	int r = server_group_error(host->server, &why);

	if (r == -ENOENT)
		log_info("the control socket %s is for root only: %s", host->socket, why);
	else if (r < 0)
		log_warning("the control socket %s is for root only: %s", host->socket, why);
}

/* Opened before the first commit: two hosts with one socket must not both reach for the interfaces. */
int serve_open(struct host *host, const struct config *config)
{
	const struct server_handler handler = {
		.status = on_status,
		.reload = on_reload,
		.confirm = on_confirm,
		.bypass = on_bypass,
		.clean = on_clean,
		.data = host,
	};
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
	say_who_can_open(host);
	return 0;
}
