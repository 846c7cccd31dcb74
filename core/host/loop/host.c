/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* From start to stop. What happens in between is in reload.c. */
#include "host/loop/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "host/loop/fusing.h"
#include "host/loop/host_private.h"
#include "host/loop/links.h"
#include "host/loop/lookout.h"
#include "host/loop/takeoff.h"
#include "host/loop/trial.h"
#include "host/plugin/callback.h"
#include "host/plugin/hang.h"
#include "host/plugin/inspect.h"
#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct host *, host_free);

void host_start(struct host *host)
{
	struct task *task = task_new(host_begin_reload, NULL);

	task->wish = HISTORY_START;
	queue_add(host, task);
}

void host_reload(struct host *host, const struct signalfd_siginfo *signal)
{
	struct task *task = task_new(host_begin_reload, NULL);

	task->put_back = true;
	asked_add(&task->asked, (int)signal->ssi_signo, signal->ssi_uid, (pid_t)signal->ssi_pid);
	queue_add(host, task);
}

void host_stop(struct host *host, const struct signalfd_siginfo *signal)
{
	struct asked asked = {};

	asked_add(&asked, (int)signal->ssi_signo, signal->ssi_uid, (pid_t)signal->ssi_pid);
	log_info("stopping%s", asked_clause(&asked));
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	if (host->trial_until_us)
		log_warning(
			"stopping before the configuration was confirmed: the next start goes back to the one before");
	host->stopping = host->dataplane.stopping = true;
	queue_refuse(host, "the host is stopping");
	if (!host->running)
		sd_event_exit(host->event, 0);
	hang_stopping();
}

struct chain *host_chain(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		if (strcmp(host->dataplane.chains[i]->name, name) == 0)
			return host->dataplane.chains[i];
	}
	return NULL;
}

char *host_no_chain(const struct host *host, const char *name)
{
	bool off = takeoff_has(&host->dataplane, name);
	char *text;

	if (asprintf(&text, "there is no chain \"%s\"%s", name,
		    off ? ": \"xslotctl clean\" took it off, \"xslotctl reload\" puts it back" : "") < 0)
		memory_out();
	return text;
}

void host_refuse_chain(struct host *host, struct task *task)
{
	CLEANUP(free) char *text = host_no_chain(host, task->chain);

	calls_refuse(&task->callers, ERROR_NO_SUCH_CHAIN, text);
	queue_next(host);
}

void host_resume_watches(struct host *host)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_resume(&chain->slots[j].occupant->context);
	}
}

void host_keep_log_level(struct host *host)
{
	host->log_level_kept = true;
}

void host_never_fuse(struct host *host)
{
	host->never_fuse = true;
}

void host_map_in_place(struct host *host)
{
	modules_map_in_place(host->dataplane.modules);
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
	modules_set_guard(host->dataplane.modules, quarantine_admit);
	modules_set_look(host->dataplane.modules, inspect_plugin);
	modules_set_run(host->dataplane.modules, callback_run);
	r = worker_new(event, &host->worker);
	if (r < 0)
		return fail(diag, r, "cannot start the worker thread: %s", strerror(-r));
	r = links_open(host, diag);
	if (r == 0)
		r = lookout_open(host, diag);
	if (r < 0)
		return r;
	*ret_host = TAKE_PTR(host);
	return 0;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	lookout_close(host);
	links_close(host);
	worker_free(host->worker);
	queue_clear(host, "the host is stopping");
	tier_abandon(host);
	server_free(host->server);
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		struct chain *chain = host->dataplane.chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
	}
	/* A start that was refused leaves what an earlier host runs. */
	if (!host->keep && host->ready)
		takeoff_end(&host->dataplane);
	dataplane_close(&host->dataplane, host->keep || !host->ready);
	free(host->taken_off);
	status_reload_clear(&host->last);
	trial_end(host);
	kept_clear(&host->kept);
	free(host->socket);
	free(host->file);
	sd_event_unref(host->event);
	free(host);
}
