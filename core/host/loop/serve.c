/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Each answer is made on the loop, so all of it belongs to the same moment. */
#include "host/loop/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/interface.h"
#include "host/chain/show.h"
#include "host/loop/bypass.h"
#include "host/loop/host_private.h"
#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

static int copy_names(const char *const *names, size_t n, char ***ret_copies, size_t *ret_n)
{
	*ret_copies = calloc(n + 1, sizeof(**ret_copies));
	for (; *ret_copies && *ret_n < n; (*ret_n)++) {
		(*ret_copies)[*ret_n] = strdup(names[*ret_n]);
		if (!(*ret_copies)[*ret_n])
			return -ENOMEM;
	}
	return *ret_copies ? 0 : -ENOMEM;
}

static int fill_silenced(struct status *status)
{
	struct quarantine_silence silences[3 * QUARANTINE_MAX];
	size_t n = quarantine_list_silences(silences, 3 * QUARANTINE_MAX);

	status->silenced = calloc(n + 1, sizeof(*status->silenced));
	for (size_t i = 0; status->silenced && i < n; i++) {
		char *plugin = strdup(silences[i].plugin);

		if (!plugin)
			return -ENOMEM;
		status->silenced[status->n_silenced++] =
			(struct status_silence){ plugin, silences[i].callback };
	}
	return status->silenced ? 0 : -ENOMEM;
}

/* 0, -ENOENT: there is no such chain, -ENOMEM */
static int fill_status(struct dataplane *dataplane, const char *chain, struct status *status) ON_LOOP
{
	const char *names[QUARANTINE_MAX];
	size_t n = quarantine_list(names, QUARANTINE_MAX);
	int r;

	r = show_chains(dataplane->chains, dataplane->n_chains, chain, status);
	if (r < 0)
		return r;
	r = copy_names((const char *const *)dataplane->off, dataplane->n_off, &status->off, &status->n_off);
	if (r == 0)
		r = copy_names(names, n, &status->quarantined, &status->n_quarantined);
	if (r == 0)
		r = fill_silenced(status);
	status->host.version = strdup(XSLOT_VERSION);
	return r == 0 && !status->host.version ? -ENOMEM : r;
}

static void on_status(struct server_call *call, const char *chain, void *data) ON_LOOP
{
	struct host *host = data;
	struct status *status = status_new();
	int r = status ? fill_status(&host->loop.dataplane, chain, status) : -ENOMEM;

	if (r == -ENOENT) {
		CLEANUP(free) char *text = dataplane_no_chain(&host->loop.dataplane, chain);

		server_reply_error(call, ERROR_NO_SUCH_CHAIN, text);
	} else if (r < 0) {
		server_reply_error(call, ERROR_FAILED, "the host is out of memory");
	}
	if (r < 0) {
		status_free(status);
		return;
	}
	status->host.pid = getpid();
	status->host.started = host->started;
	status->host.reloads = host->outcome.reloads;
	status->host.failed_reloads = host->outcome.failed;
	status->last_reload = host->outcome.last; /* lent */
	kept_show(&host->kept, status);
	status->configuration.confirm_seconds = trial_left(&host->trial);
	server_reply_status(call, status);
	status->last_reload = (struct status_reload){};
	status_free(status);
}

static void on_reload(struct server_call *call, const struct server_reload *asked, void *data) ON_LOOP
{
	struct host *host = data;
	struct reload_request *request;
	struct task *task = reload_task(&host->reload, call, &request);

	if (!asked->rollback && !asked->settle)
		calls_make_early(&task->callers);
	*request = (struct reload_request){
		.wish = asked->rollback ? HISTORY_PREVIOUS : HISTORY_FILES,
		.allow_detach = asked->allow_detach,
		.allow_bare = asked->allow_bare,
		.confirm = asked->confirm,
		.dry_run = asked->dry_run,
		.put_back = true,
	};
	queue_add(&host->loop.queue, task);
}

static void on_confirm(struct server_call *call, void *data) ON_LOOP
{
	struct host *host = data;

	queue_add(&host->loop.queue, task_new(&confirm_kind, &host->confirm, call));
}

static void on_bypass(struct server_call *call, const char *chain, bool on, void *data) ON_LOOP
{
	struct loop *loop = &((struct host *)data)->loop;
	struct task *task = task_new(on ? &bypass_on_kind : &bypass_off_kind, loop, call);

	task->chain = memory_copy(chain);
	queue_add(&loop->queue, task);
}

static void on_clean(struct server_call *call, const char *chain, void *data) ON_LOOP
{
	struct host *host = data;
	struct task *task = task_new(&takeoff_kind, &host->takeoff, call);

	task->chain = chain ? memory_copy(chain) : NULL;
	queue_add(&host->loop.queue, task);
}

static void on_command(struct server_call *call, const struct server_command *asked, void *data) ON_LOOP
{
	command_add(&((struct host *)data)->command, call, asked);
}

static void on_events(struct server_call *call, uint64_t after, bool wait, void *data) ON_LOOP
{
	events_tell(&((struct host *)data)->loop.events, call, after, wait);
}

static void say_who_can_open(const struct serve *serve)
{
	const char *why;
	int r = server_group_error(serve->server, &why);

	if (r == -ENOENT)
		log_info("the control socket %s is for root only: %s", serve->socket, why);
	else if (r < 0)
		log_warning("the control socket %s is for root only: %s", serve->socket, why);
}

int serve_open(struct host *host, const struct config *config, struct report *report)
{
	const struct server_handler handler = {
		.status = on_status,
		.reload = on_reload,
		.confirm = on_confirm,
		.bypass = on_bypass,
		.clean = on_clean,
		.events = on_events,
		.command = on_command,
		.data = host,
	};
	const struct config_place *place = &config->host.socket_place;
	const char *file = place->file ? place->file : config->file;
	struct serve *serve = &host->serve;
	struct xslot_diag diag = {};

	if (serve->server) {
		if (strcmp(serve->socket, config->host.socket) == 0)
			return 0;
		return report_add(report, file, place->line,
			"[host] socket cannot change from %s to %s while the host runs; restart xslotd for that",
			serve->socket, config->host.socket);
	}
	serve->socket = memory_copy(config->host.socket);
	if (server_new(host->loop.event, serve->socket, &handler, &serve->server, &diag) < 0)
		return report_take(report, file, place->line, &diag);
	say_who_can_open(serve);
	return 0;
}

void serve_close(struct serve *serve)
{
	server_free(serve->server);
	free(serve->socket);
	*serve = (struct serve){};
}
