/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The host from start to stop. Only this file knows which task follows which: the tasks know nothing about
 * each other.
 */
#include "host/loop/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "host/chain/off.h"
#include "host/loop/bypass.h"
#include "host/loop/host_private.h"
#include "host/loop/ready.h"
#include "host/plugin/callback.h"
#include "host/plugin/hang.h"
#include "host/plugin/inspect.h"
#include "host/plugin/quarantine.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

#define EXIT_CONFIGURATION 78

DEFINE_CLEANUP(struct host *, host_free);

/* ---- what follows a reload, in its order ---- */

static bool on_admit(void *data, struct task *task, const struct reload_request *request) ON_LOOP
{
	struct host *host = data;

	if (!confirm_admits(&host->confirm, task, request))
		return false;
	if (request->dry_run || host->loop.state != HOST_RUNNING)
		return true;
	if (request->wish == HISTORY_FILES)
		log_info("reloading %s%s", host->file, asked_clause(&task->asked));
	else if (host->kept.previous)
		log_info("going back to the configuration kept in %s%s", host->kept.previous,
			asked_clause(&task->asked));
	return true;
}

static void on_begins(void *data) ON_LOOP
{
	links_catch_up(&((struct host *)data)->links);
}

static int on_prepared(void *data, const struct config *config, struct transaction *transaction) ON_LOOP
{
	struct host *host = data;
	int r;

	if (transaction_is_of_interfaces(transaction)) /* it has read no files, which may say otherwise */
		return 0;
	r = serve_open(host, config, transaction_report(transaction));
	if (r < 0)
		return r;
	if (!host->log_level_kept)
		log_set_level(config->host.log_level);
	host->keep = config->host.on_stop == ON_STOP_KEEP;
	if (!transaction_stands_in(transaction))
		return 0;
	links_look(&host->links);
	if (host->loop.state == HOST_STARTING)
		host->loop.state = HOST_STANDING_IN;
	return 0;
}

static void remember(struct host *host, struct transaction *transaction, enum reload_result result) ON_LOOP
{
	outcome_remember(&host->outcome, transaction, result);
	host->outcome.last.confirm_seconds = trial_left(&host->trial);
}

/*
 * What is left, to wait for packets that are on their way and to release the old instances, is nothing that
 * callers who asked for the new ones wait for. Those who took a program off an interface, or try something,
 * do wait.
 */
static void on_live(void *data, struct transaction *transaction, struct task *task) ON_LOOP
{
	struct host *host = data;

	if (transaction_is_of_interfaces(transaction) || transaction_takes_off(transaction) ||
		trial_left(&host->trial) || transaction_is_trial(transaction))
		return;
	remember(host, transaction, RELOAD_OK);
	host->told_early = true;
	kept_note(&host->kept, &host->loop.dataplane.history);
	calls_reply_early(&task->callers, &host->outcome.last);
}

/* A trial begins with its first packets, and ends with those of another configuration. */
static void follow_trial(struct host *host, struct transaction *transaction,
	const struct reload_request *request, enum reload_result result)
{
	if (transaction_is_trial(transaction) && result != RELOAD_REFUSED)
		trial_begin(&host->trial, request->confirm);
	else if (trial_left(&host->trial) && result != RELOAD_REFUSED)
		trial_end(&host->trial);
	else if (trial_left(&host->trial) && request->wish == HISTORY_REVERT)
		trial_retry(&host->trial);
}

static void over_of_files(struct host *host, struct transaction *transaction, struct task *task,
	enum reload_result result) ON_LOOP
{
	const struct reload_request *request = task->request;
	bool running = host->loop.state == HOST_RUNNING;
	const char *what = !running ? "start" : request->wish == HISTORY_FILES ? "reload" : "rollback";

	host->outcome.reloads += running;
	host->outcome.failed += running && result == RELOAD_REFUSED;
	outcome_log(transaction, what, host->loop.state != HOST_STARTING, &task->asked);
	bypass_remind(&host->loop.dataplane);
	takeoff_remind(&host->loop.dataplane);
	outcome_tell(&host->loop.events, transaction, what, &task->asked);
	follow_trial(host, transaction, request, result);
	if (!host->told_early)
		remember(host, transaction, result);
}

/* What is not the outcome itself, but is so since. */
static void tell_of_state(struct host *host, enum statedir_hold held) ON_LOOP
{
	const struct events_about about = { .kind = "held" }, quarantine = { .kind = "quarantine" };
	const char *names[QUARANTINE_MAX];
	size_t n = quarantine_list(names, QUARANTINE_MAX);

	if (host->kept.hold && host->kept.hold != held)
		events_add(&host->loop.events, &about, "held on the configuration kept in %s",
			host->kept.current);
	for (size_t i = 0; n > host->quarantined && i < n; i++)
		events_add(&host->loop.events, &quarantine,
			"plugin %s is quarantined: it crashed the host, so its code is not run", names[i]);
	host->quarantined = n;
}

static void on_over(void *data, struct transaction *transaction, struct task *task, enum reload_result result)
	ON_LOOP
{
	struct host *host = data;
	const struct config *config = transaction_config(transaction);
	const struct history *history = &host->loop.dataplane.history;
	enum statedir_hold held = host->kept.hold;

	host->start_status =
		transaction_report(transaction)->no_descriptors ? EXIT_FAILURE : EXIT_CONFIGURATION;
	if (transaction_is_of_interfaces(transaction)) {
		outcome_log_errors(transaction);
		outcome_tell(&host->loop.events, transaction, "interfaces", NULL);
		links_settle(&host->links, result == RELOAD_REFUSED);
	} else {
		if (config && result != RELOAD_REFUSED)
			fusing_want(&host->fusing, config);
		over_of_files(host, transaction, task, result);
	}
	host->told_early = false;
	if (!events_is_open(&host->loop.events))
		events_open(&host->loop.events, history->dir ? statedir_path(history->dir) : NULL);
	/* In the same turn of the loop: who looks sees both or neither. */
	kept_note(&host->kept, history);
	tell_of_state(host, held);
}

static void on_done(void *data, struct task *task, enum reload_result result) ON_LOOP
{
	struct host *host = data;

	calls_reply(&task->callers, &host->outcome.last);
	if (host->loop.state == HOST_STARTING && result == RELOAD_REFUSED) {
		sd_event_exit(host->loop.event, host->start_status);
		return;
	}
	host->loop.state = HOST_RUNNING;
	queue_next(&host->loop.queue);
}

static const struct reload_events reload_events = {
	.admit = on_admit,
	.begins = on_begins,
	.prepared = on_prepared,
	.live = on_live,
	.over = on_over,
	.done = on_done,
};

/* ---- what follows other things ---- */

static void notify(const struct host *host) ON_LOOP
{
	ready_notify(&host->loop.dataplane, &host->kept, host->outcome.last.result);
}

/* Chains are fused again after what can make a generation of slots. */
static void on_ended(void *data, const struct task *task) ON_LOOP
{
	static const struct task_kind *const changes[] = { &reload_kind, &links_kind, &bypass_on_kind,
		&bypass_off_kind };
	struct host *host = data;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (task->kind == changes[i])
			fusing_queue(&host->fusing);
	}
	notify(host);
}

static void on_stopped(void *data)
{
	sd_event_exit(((struct host *)data)->loop.event, 0);
}

/* What is attached through netlink can be taken off so, and is put back by the task that follows. */
static void on_concerned(void *data) ON_LOOP
{
	lookout_look(&((struct host *)data)->lookout);
}

static void on_news(void *data) ON_LOOP
{
	const struct host *host = data;

	if (!host->loop.queue.running) /* else the end of the task says it */
		notify(host);
}

static void on_expired(void *data) ON_LOOP
{
	const struct events_about about = { .kind = "expired" };
	struct host *host = data;
	struct reload_request *request;
	struct task *task = reload_task(&host->reload, NULL, &request);

	events_say(&host->loop.events, LOG_LEVEL_ERROR, &about,
		"the configuration was not confirmed in time: going back to the previous one");
	request->wish = HISTORY_REVERT;
	request->allow_detach = true;
	queue_add(&host->loop.queue, task);
}

/* ---- from start to stop ---- */

void host_start(struct host *host)
{
	struct reload_request *request;
	struct task *task = reload_task(&host->reload, NULL, &request);

	request->wish = HISTORY_START;
	queue_add(&host->loop.queue, task);
}

void host_reload(struct host *host, const struct signalfd_siginfo *signal)
{
	struct reload_request *request;
	struct task *task = reload_task(&host->reload, NULL, &request);

	request->put_back = true;
	asked_add(&task->asked, (int)signal->ssi_signo, signal->ssi_uid, (pid_t)signal->ssi_pid);
	queue_add(&host->loop.queue, task);
}

void host_stop(struct host *host, const struct signalfd_siginfo *signal)
{
	struct asked asked = {};
	const struct events_about about = { .kind = "stop", .asked = &asked };

	asked_add(&asked, (int)signal->ssi_signo, signal->ssi_uid, (pid_t)signal->ssi_pid);
	events_say(&host->loop.events, LOG_LEVEL_INFO, &about, "stopping");
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	if (trial_left(&host->trial))
		log_warning(
			"stopping before the configuration was confirmed: the next start goes back to the previous one");
	host->loop.dataplane.stopping = true;
	queue_stop(&host->loop.queue);
	hang_stopping();
}

void host_keep_log_level(struct host *host)
{
	host->log_level_kept = true;
}

void host_never_fuse(struct host *host)
{
	host->fusing.never = true;
}

/* Who works with whom. */
static void wire(struct host *host)
{
	struct loop *loop = &host->loop;

	loop->queue = (struct queue){ .ended = on_ended, .stopped = on_stopped, .data = host };
	host->reload = (struct reload){ .loop = loop,
		.file = host->file,
		.outcome = &host->outcome,
		.events = &reload_events,
		.data = host };
	host->trial = (struct trial){ .event = loop->event, .expired = on_expired, .data = host };
	host->confirm = (struct confirm){ .loop = loop, .trial = &host->trial, .kept = &host->kept };
	host->command = (struct command){ .dataplane = &loop->dataplane, .queue = &loop->queue };
	host->fusing = (struct fusing){ .loop = loop };
	host->takeoff = (struct takeoff){ .loop = loop };
	host->links = (struct links){
		.loop = loop, .reload = &host->reload, .concerned = on_concerned, .data = host
	};
	host->lookout = (struct lookout){ .links = &host->links, .news = on_news, .data = host };
}

void host_map_in_place(struct host *host)
{
	modules_map_in_place(host->loop.dataplane.modules);
}

int host_new(sd_event *event, const char *file, struct host **ret_host, struct xslot_diag *diag)
{
	CLEANUP(host_free) struct host *host = calloc(1, sizeof(*host));
	struct dataplane *dataplane;
	int r;

	if (!host)
		return fail(diag, -ENOMEM, "out of memory");
	dataplane = &host->loop.dataplane;
	host->loop.event = sd_event_ref(event);
	host->file = strdup(file);
	host->started = time(NULL);
	host->outcome.last.result = reload_result_name(RELOAD_NONE);
	wire(host);
	r = grace_new(&dataplane->grace, diag);
	if (r < 0)
		return r;
	r = modules_new(&dataplane->modules);
	if (r < 0 || !host->file)
		return fail(diag, -ENOMEM, "out of memory");
	modules_set_guard(dataplane->modules, quarantine_admit);
	modules_set_look(dataplane->modules, inspect_plugin);
	modules_set_run(dataplane->modules, callback_run);
	r = worker_new(event, &host->loop.worker);
	if (r < 0)
		return fail(diag, r, "cannot start the worker thread: %s", strerror(-r));
	host->command.worker = host->loop.worker;
	host->loop.events =
		(struct events){ .event = event, .queue = &host->loop.queue, .worker = host->loop.worker };
	r = links_open(&host->links, diag);
	if (r == 0)
		r = lookout_open(&host->lookout, diag);
	if (r < 0)
		return r;
	*ret_host = TAKE_PTR(host);
	return 0;
}

static void deactivate(struct dataplane *dataplane) ON_LOOP
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
	}
}

void host_free(struct host *host)
{
	struct dataplane *dataplane;
	bool ran;

	if (!host)
		return;
	dataplane = &host->loop.dataplane;
	ran = host->loop.state == HOST_RUNNING;
	lookout_close(&host->lookout);
	links_close(&host->links);
	worker_free(host->loop.worker);
	queue_clear(&host->loop.queue);
	command_clear(&host->command);
	fusing_abandon(&host->fusing);
	events_close(&host->loop.events);
	serve_close(&host->serve);
	deactivate(dataplane);
	/* A start that was refused leaves what an earlier host runs. */
	if (!host->keep && ran)
		off_end(dataplane);
	dataplane_close(dataplane, host->keep || !ran);
	free(host->takeoff.chains);
	status_reload_clear(&host->outcome.last);
	trial_end(&host->trial);
	kept_clear(&host->kept);
	free(host->file);
	sd_event_unref(host->loop.event);
	free(host);
}
