/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * For the operator who has to know, now, whether it is the chain. So it reads no file and asks no plugin: the
 * generation that runs is written once more with another count, and one store makes it live. What it leaves
 * behind is a chain that does nothing, which is easily forgotten, hence the noise.
 */
#include "host/loop/bypass.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/chain/generation.h"
#include "host/loop/fusing.h"
#include "host/loop/host_private.h"
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
			changed ? "runs" : "is not bypassed, it runs", chain->n_slots,
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

static int swap(struct chain *chain, bool on, struct xslot_diag *diag)
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

static void job_wait(void *data)
{
	dataplane_wait(&((struct host *)data)->dataplane);
}

static void on_waited(void *data)
{
	struct host *host = data;
	struct chain *chain = host_chain(host, host->running->chain);

	generation_settle(chain);
	reply(host->running, chain, true);
	tier_queue(host);
	queue_next(host);
}

void bypass_begin(struct host *host, struct task *task)
{
	struct chain *chain = host_chain(host, task->chain);
	CLEANUP(free) char *text = NULL;
	struct xslot_diag diag = {};

	if (!chain) {
		host_refuse_chain(host, task);
		return;
	}
	if (chain->bypass == task->on) {
		reply(task, chain, false);
		queue_next(host);
		return;
	}
	if (swap(chain, task->on, &diag) < 0) {
		log_error("chain %s: cannot change bypass%s: %s", chain->name, asked_clause(&task->asked),
			diag.message);
		calls_refuse(&task->callers, ERROR_FAILED, diag.message);
		xslot_diag_clear(&diag);
		queue_next(host);
		return;
	}
	text = describe(chain, true);
	log_warning("%s%s", text, asked_clause(&task->asked));
	worker_submit(host->worker, job_wait, on_waited, host);
}

void bypass_remind(const struct host *host)
{
	for (size_t i = 0; i < host->dataplane.n_chains; i++) {
		const struct chain *chain = host->dataplane.chains[i];

		if (chain->bypass)
			log_warning(
				"chain %s is BYPASSED: every packet of it %s, its slots do not run; \"xslotctl bypass %s off\" ends it",
				chain->name, what_final_does(chain), chain->name);
	}
}
