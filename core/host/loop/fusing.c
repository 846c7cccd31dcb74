/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Tasks are serial, so the chain that the worker fuses is still the running one when the worker is done. */
#include "host/loop/fusing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/generation.h"
#include "host/chain/tier.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

static const struct config_chain *find_chain(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_chains; i++) {
		if (strcmp(config->chains[i].name, name) == 0)
			return &config->chains[i];
	}
	return NULL;
}

void fusing_want(struct fusing *fusing, const struct config *config)
{
	struct dataplane *dataplane = &fusing->loop->dataplane;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];
		const struct config_chain *wanted = find_chain(config, chain->name);

		if (wanted)
			tier_want(chain, wanted, fusing->never);
	}
}

/* The chain of the running task: it was there when the task began, and only tasks remove chains. */
static struct chain *chain_of(const struct fusing *fusing)
{
	return dataplane_chain(&fusing->loop->dataplane, fusing->loop->queue.running->chain);
}

/* ---- fuse ---- */

static void job_wait(void *data) ON_WORKER
{
	dataplane_wait(&((struct fusing *)data)->loop->dataplane);
}

static void on_fused_settled(void *data) ON_LOOP
{
	struct fusing *fusing = data;
	struct chain *chain = chain_of(fusing);

	generation_settle(chain);
	log_info("chain %s runs fused: %zu slot%s in one program of %u instructions", chain->name,
		chain->n_slots, chain->n_slots == 1 ? "" : "s", chain->tier.instructions);
	queue_next(&fusing->loop->queue);
}

static void job_fuse(void *data) ON_WORKER
{
	tier_make(((struct fusing *)data)->attempt);
}

static void on_fused(void *data) ON_LOOP
{
	struct fusing *fusing = data;
	struct tier_attempt *attempt = TAKE_PTR(fusing->attempt);
	bool live;

	tier_go_live(attempt);
	live = attempt->result == 0;
	tier_attempt_free(attempt);
	if (live)
		worker_submit(fusing->loop->worker, job_wait, on_fused_settled, fusing);
	else
		queue_next(&fusing->loop->queue);
}

static void fuse(struct fusing *fusing, struct chain *chain) ON_LOOP
{
	struct tier_attempt *attempt = calloc(1, sizeof(*attempt));

	if (!attempt)
		memory_out();
	attempt->chain = chain;
	fusing->attempt = attempt;
	worker_submit(fusing->loop->worker, job_fuse, on_fused, fusing);
}

/* ---- part ---- */

static void on_parted(void *data) ON_LOOP
{
	struct fusing *fusing = data;
	struct chain *chain = chain_of(fusing);

	generation_settle(chain);
	log_info("chain %s runs as slots: %s", chain->name, chain->tier.why_not);
	queue_next(&fusing->loop->queue);
}

static void job_part(void *data) ON_WORKER
{
	job_wait(data);
	tier_drop(chain_of(data));
}

static void part(struct fusing *fusing, struct chain *chain) ON_LOOP
{
	struct xslot_diag diag = {};

	if (tier_part(chain, &diag) == 0) {
		worker_submit(fusing->loop->worker, job_part, on_parted, fusing);
	} else {
		log_error("chain %s: cannot run as slots: %s", chain->name, diag.message);
		queue_next(&fusing->loop->queue);
	}
	xslot_diag_clear(&diag);
}

/* ---- the task ---- */

static void begin(void *owner, struct task *task) ON_LOOP
{
	struct fusing *fusing = owner;
	struct chain *chain = chain_of(fusing);

	if (chain && tier_is_to_be_fused(chain))
		fuse(fusing, chain);
	else if (chain && tier_is_to_be_parted(chain))
		part(fusing, chain);
	else
		queue_next(&fusing->loop->queue);
}

static const struct task_kind fusing_kind = { .name = "fuse", .begin = begin };

void fusing_queue(struct fusing *fusing)
{
	const struct dataplane *dataplane = &fusing->loop->dataplane;

	for (size_t i = 0; !fusing->loop->queue.stopping && i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];
		struct task *task;

		if (!tier_is_to_be_fused(chain) && !tier_is_to_be_parted(chain))
			continue;
		task = task_new(&fusing_kind, fusing, NULL);
		task->chain = memory_copy(chain->name);
		queue_add(&fusing->loop->queue, task);
	}
}

void fusing_abandon(struct fusing *fusing)
{
	tier_attempt_free(TAKE_PTR(fusing->attempt));
}
