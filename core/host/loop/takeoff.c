/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The mark comes before anything is removed: whoever is killed in between leaves a chain that the next start
 * takes for one that the files do not have, and removes like any other. Removing reads no file, so this works
 * with a configuration that is broken, which may be why it is needed.
 */
#include "host/loop/takeoff.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/loop/host_private.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

#define MARK "@off"

bool takeoff_is_mark(const char *name)
{
	const char *at = strrchr(name, '@');

	return at && strcmp(at, MARK) == 0;
}

bool takeoff_has(const struct dataplane *dataplane, const char *chain)
{
	for (size_t i = 0; i < dataplane->n_off; i++) {
		if (strcmp(dataplane->off[i], chain) == 0)
			return true;
	}
	return false;
}

static void add(struct dataplane *dataplane, const char *name, size_t length)
{
	char **more = reallocarray(dataplane->off, dataplane->n_off + 1, sizeof(*more));

	if (!more || !(more[dataplane->n_off] = strndup(name, length)))
		memory_out();
	dataplane->off = more;
	dataplane->n_off++;
}

static char *mark_of(const struct dataplane *dataplane, const char *chain)
{
	char *path;

	if (asprintf(&path, "%s/%s" MARK, pindir_root(dataplane->pins), chain) < 0)
		memory_out();
	return path;
}

static int mark(struct dataplane *dataplane, const char *chain, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = mark_of(dataplane, chain);
	int r = pindir_make(path, diag);

	if (r == 0)
		add(dataplane, chain, strlen(chain));
	return r;
}

int takeoff_read(struct dataplane *dataplane, struct xslot_diag *diag)
{
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(pindir_root(dataplane->pins), &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (takeoff_is_mark(names[i]))
			add(dataplane, names[i], strlen(names[i]) - strlen(MARK));
	}
	pindir_list_free(names, n);
	return r;
}

int takeoff_drop(const struct dataplane *dataplane, struct xslot_diag *diag)
{
	const char *root = pindir_root(dataplane->pins);
	char **names = NULL;
	size_t n = 0;
	int r = pindir_list(root, &names, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(free) char *path = NULL;

		if (!takeoff_is_mark(names[i]))
			continue;
		log_warning(
			"chain %.*s was OFF, and all interfaces are gone that had a chain here: its network namespace may have been another one, so it is off no more",
			(int)(strlen(names[i]) - strlen(MARK)), names[i]);
		if (asprintf(&path, "%s/%s", root, names[i]) < 0)
			memory_out();
		r = pindir_remove(path, diag);
	}
	pindir_list_free(names, n);
	return r;
}

void takeoff_apply(const struct dataplane *dataplane, struct setup *setup)
{
	for (size_t i = 0; i < dataplane->n_off; i++)
		setup_leave_out(setup, dataplane->off[i]);
	for (size_t i = 0; i < dataplane->n_chains; i++)
		dataplane->chains[i]->off = takeoff_has(dataplane, dataplane->chains[i]->name);
}

void takeoff_end(struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_off; i++) {
		CLEANUP(free) char *path = mark_of(dataplane, dataplane->off[i]);
		struct xslot_diag diag = {};

		if (pindir_remove(path, &diag) < 0)
			log_warning("%s", diag.message);
		xslot_diag_clear(&diag);
		free(dataplane->off[i]);
	}
	free(dataplane->off);
	dataplane->off = NULL;
	dataplane->n_off = 0;
}

void takeoff_remind(const struct host *host)
{
	for (size_t i = 0; i < host->dataplane.n_off; i++)
		log_warning(
			"chain %s is OFF: \"xslotctl clean\" took it off; \"xslotctl reload\" puts it back, when the configuration has it",
			host->dataplane.off[i]);
}

static void reply(struct task *task, unsigned n, const char *text)
{
	struct server_call *call;

	while ((call = calls_take(&task->callers)))
		server_reply_clean(call, n, text);
}

static void on_removed(void *data)
{
	struct host *host = data;
	CLEANUP(free) char *text = NULL;
	size_t n = host->n_taken_off;

	free(TAKE_PTR(host->taken_off));
	host_resume_watches(host);
	if (asprintf(&text,
		    "%zu chain%s taken off; %s until the next \"xslotctl reload\", which puts back what the configuration has",
		    n, n == 1 ? "" : "s", n == 1 ? "it stays off" : "they stay off") < 0)
		memory_out();
	reply(host->running, n, text);
	queue_next(host);
}

static void job_remove(void *data)
{
	struct host *host = data;

	dataplane_detach(&host->dataplane, host->taken_off, host->n_taken_off);
	dataplane_forget(host->taken_off, host->n_taken_off);
	malloc_trim(0);
}

/* Out of the dataplane, on the loop, before the worker removes it: from here on nobody sees it. */
static void take_out(struct host *host, const char *only)
{
	struct dataplane *dataplane = &host->dataplane;
	size_t kept = 0;

	host->n_taken_off = 0;
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		if (only && strcmp(chain->name, only) != 0) {
			dataplane->chains[kept++] = chain;
			continue;
		}
		log_warning("chain %s: taken off by \"xslotctl clean\"; \"xslotctl reload\" puts it back%s",
			chain->name, asked_clause(&host->running->asked));
		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
		host->taken_off[host->n_taken_off++] = chain;
	}
	dataplane->n_chains = kept;
}

static int mark_all(struct host *host, const char *only, struct xslot_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->dataplane.n_chains; i++) {
		const char *name = host->dataplane.chains[i]->name;

		if ((!only || strcmp(name, only) == 0) && name[0] != '@') /* no file can want that one */
			r = mark(&host->dataplane, name, diag);
	}
	return r;
}

void takeoff_begin(struct host *host, struct task *task)
{
	struct xslot_diag diag = {};

	if (task->chain && takeoff_has(&host->dataplane, task->chain)) {
		reply(task, 0, "it is off already; \"xslotctl reload\" puts it back");
		queue_next(host);
	} else if (task->chain && !host_chain(host, task->chain)) {
		host_refuse_chain(host, task);
	} else if (host->dataplane.n_chains == 0) {
		reply(task, 0, "no chain runs");
		queue_next(host);
	} else if (mark_all(host, task->chain, &diag) < 0) {
		log_error("%s%s", diag.message, asked_clause(&task->asked));
		calls_refuse(&task->callers, ERROR_FAILED, diag.message);
		xslot_diag_clear(&diag);
		queue_next(host);
	} else {
		host->taken_off = calloc(host->dataplane.n_chains, sizeof(*host->taken_off));
		if (!host->taken_off)
			memory_out();
		take_out(host, task->chain);
		worker_submit(host->worker, job_remove, on_removed, host);
	}
}
