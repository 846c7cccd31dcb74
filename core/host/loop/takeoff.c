/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The mark comes before anything is removed: if the host is killed in between, the next start finds a chain
 * that the files do not have, and removes it like any other. Removing reads no file, so this works with a
 * broken configuration, which may be the reason for it.
 */
#include "host/loop/takeoff.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/interface.h"
#include "host/chain/off.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

void takeoff_remind(const struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_off; i++)
		log_warning(
			"chain %s is OFF: \"xslotctl clean\" took it off; \"xslotctl reload\" puts it back if the configuration has it",
			dataplane->off[i]);
}

static void reply(struct task *task, unsigned n, const char *text)
{
	struct server_call *call;

	while ((call = calls_take(&task->callers)))
		server_reply_clean(call, n, text);
}

static void on_removed(void *data) ON_LOOP
{
	struct takeoff *takeoff = data;
	struct loop *loop = takeoff->loop;
	CLEANUP(free) char *text = NULL;
	size_t n = takeoff->n;

	free(TAKE_PTR(takeoff->chains));
	dataplane_resume_watches(&loop->dataplane);
	if (asprintf(&text,
		    "%zu chain%s taken off; %s until the next \"xslotctl reload\", which puts back the chains of the configuration",
		    n, n == 1 ? "" : "s", n == 1 ? "it stays off" : "they stay off") < 0)
		memory_out();
	reply(loop->queue.running, n, text);
	queue_next(&loop->queue);
}

static void job_remove(void *data) ON_WORKER
{
	struct takeoff *takeoff = data;

	dataplane_detach(&takeoff->loop->dataplane, takeoff->chains, takeoff->n);
	dataplane_forget(takeoff->chains, takeoff->n);
	malloc_trim(0);
}

/* Out of the dataplane, on the loop, before the worker removes it: from here on nobody sees it. */
static void take_out(struct takeoff *takeoff, const struct task *task) ON_LOOP
{
	struct dataplane *dataplane = &takeoff->loop->dataplane;
	struct events_about about = { .kind = "clean", .asked = &task->asked };
	size_t kept = 0;

	takeoff->chains = calloc(dataplane->n_chains, sizeof(*takeoff->chains));
	if (!takeoff->chains)
		memory_out();
	takeoff->n = 0;
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		if (task->chain && strcmp(chain->name, task->chain) != 0) {
			dataplane->chains[kept++] = chain;
			continue;
		}
		about.chain = chain->name;
		events_say(&takeoff->loop->events, LOG_LEVEL_WARNING, &about,
			"chain %s: taken off by \"xslotctl clean\"; \"xslotctl reload\" puts it back",
			chain->name);
		for (size_t j = 0; j < chain->n_slots; j++)
			context_deactivate(&chain->slots[j].occupant->context);
		takeoff->chains[takeoff->n++] = chain;
	}
	dataplane->n_chains = kept;
}

static int mark_all(struct dataplane *dataplane, const char *only, struct xslot_diag *diag) ON_LOOP
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < dataplane->n_chains; i++) {
		const char *name = dataplane->chains[i]->name;

		if ((!only || strcmp(name, only) == 0) && !chain_is_namesake(dataplane->chains[i]))
			r = off_mark(dataplane, name, diag);
	}
	return r;
}

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct takeoff *takeoff = owner;
	struct loop *loop = takeoff->loop;
	struct dataplane *dataplane = &loop->dataplane;
	CLEANUP(free) char *text = NULL;
	struct xslot_diag diag = {};

	if (task->chain && off_has(dataplane, task->chain)) {
		reply(task, 0, "it is already off; \"xslotctl reload\" puts it back");
		queue_next(&loop->queue);
	} else if (task->chain && !dataplane_chain(dataplane, task->chain)) {
		text = dataplane_no_chain(dataplane, task->chain);
		queue_fail(&loop->queue, ERROR_NO_SUCH_CHAIN, text);
	} else if (dataplane->n_chains == 0) {
		reply(task, 0, "no chain runs");
		queue_next(&loop->queue);
	} else if (mark_all(dataplane, task->chain, &diag) < 0) {
		log_error("%s%s", diag.message, asked_clause(&task->asked));
		queue_fail(&loop->queue, ERROR_FAILED, diag.message);
		xslot_diag_clear(&diag);
	} else {
		take_out(takeoff, task);
		worker_submit(loop->worker, job_remove, on_removed, takeoff);
	}
}

const struct task_kind takeoff_kind = { .name = "clean", .begin = begin };
