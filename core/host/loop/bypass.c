/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * For the operator who has to know, now, whether the chain is at fault. So it reads no file and calls no
 * plugin: the running generation is written again with a count of 0, and one store makes it live. Afterwards
 * the chain does nothing, which is easily forgotten, hence the repeated warnings.
 */
#include "host/loop/bypass.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/interface.h"
#include "host/chain/generation.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

static const char *what_final_does(const struct chain *chain)
{
	switch (dispatcher_running(chain->dispatcher)->final) {
	case XDP_PASS:
		return "passes";
	case XDP_TX:
		return "is sent back (final = tx)";
	default:
		return "is dropped (final = drop)";
	}
}

/* What packets meet, as a sentence. Caller frees. */
static char *describe(const struct chain *chain, bool changed)
{
	const char *when = changed ? "now" : "already";
	char *text = NULL;
	int n;

	if (chain->bypass)
		n = asprintf(&text,
			"chain %s is bypassed %s: every packet of it %s; its %zu slot%s stay%s loaded, and \"xslotctl bypass %s off\" lets them run again",
			chain->name, when, what_final_does(chain), chain->n_slots,
			chain->n_slots == 1 ? "" : "s", chain->n_slots == 1 ? "s" : "", chain->name);
	else
		n = asprintf(&text, "chain %s %s its %zu slot%s%s", chain->name,
			changed ? "runs" : "is not bypassed and runs", chain->n_slots,
			chain->n_slots == 1 ? "" : "s", changed ? " again" : "");
	if (n < 0)
		memory_out();
	return text;
}

static void reply(struct task *task, const struct chain *chain, bool changed)
{
	CLEANUP(free) char *text = describe(chain, changed);
	struct server_call *call;

	while ((call = calls_take(&task->callers)))
		server_reply_bypass(call, changed, text);
}

static int swap(struct chain *chain, bool on, struct xslot_diag *diag) ON_LOOP
{
	struct xslot_generation generation = *dispatcher_running(chain->dispatcher);
	int r;

	generation.count = on ? 0 : generation.configured_count;
	chain->bypass = on;
	r = generation_swap(chain, &generation, diag);
	if (r < 0)
		chain->bypass = !on;
	return r;
}

static void job_wait(void *data) ON_WORKER
{
	dataplane_wait(&((struct loop *)data)->dataplane);
}

static void on_waited(void *data) ON_LOOP
{
	struct loop *loop = data;
	struct task *task = loop->queue.running;
	struct chain *chain = dataplane_chain(&loop->dataplane, task->chain);

	generation_settle(chain);
	reply(task, chain, true);
	queue_next(&loop->queue);
}

static void begin(struct loop *loop, struct task *task, bool on) ON_LOOP
{
	struct chain *chain = dataplane_chain(&loop->dataplane, task->chain);
	CLEANUP(free) char *text = NULL;
	struct events_about about;
	struct xslot_diag diag = {};

	if (!chain) {
		text = dataplane_no_chain(&loop->dataplane, task->chain);
		queue_fail(&loop->queue, ERROR_NO_SUCH_CHAIN, text);
		return;
	}
	if (chain->bypass == on) {
		reply(task, chain, false);
		queue_next(&loop->queue);
		return;
	}
	if (swap(chain, on, &diag) < 0) {
		log_error("chain %s: cannot change bypass%s: %s", chain->name, asked_clause(&task->asked),
			diag.message);
		queue_fail(&loop->queue, ERROR_FAILED, diag.message);
		xslot_diag_clear(&diag);
		return;
	}
	text = describe(chain, true);
	about = (struct events_about){ .kind = "bypass", .chain = chain->name, .asked = &task->asked };
	events_say(&loop->events, LOG_LEVEL_WARNING, &about, "%s", text);
	worker_submit(loop->worker, job_wait, on_waited, loop);
}

static void begin_on(void *owner, struct task *task) ON_LOOP
{
	begin(owner, task, true);
}

static void begin_off(void *owner, struct task *task) ON_LOOP
{
	begin(owner, task, false);
}

const struct task_kind bypass_on_kind = { .name = "bypass on", .begin = begin_on };
const struct task_kind bypass_off_kind = { .name = "bypass off", .begin = begin_off };

void bypass_remind(const struct dataplane *dataplane)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		if (chain->bypass)
			log_warning(
				"chain %s is BYPASSED: every packet of it %s, its slots do not run; \"xslotctl bypass %s off\" ends it",
				chain->name, what_final_does(chain), chain->name);
	}
}
