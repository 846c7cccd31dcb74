/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The fused program is a second way through slots that stay filled: it has their code and their maps. So
 * running without it is always right, and every change begins with that: its generation runs slots, and the
 * code that made it need not know about fusing. Afterwards a task fuses the running chain, and makes a
 * generation of the same slots with another tier. Tasks are serial, so the chain that the worker fuses is
 * still the running one when the worker is done.
 *
 * A generation that could not be fused is not tried again: the result would be the same.
 *
 * A fused program is made for one generation, including the parity of its id. Only bypass makes another
 * generation with the same program, and packets do not run it then; the one that ends it has the first one's
 * parity again (generation.c). So a chain is not fused while it is bypassed.
 */
#include "host/chain/tier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extension/bpffs.h"
#include "extension/link.h"
#include "host/chain/generation.h"
#include "host/chain/store.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/fuse/fuse.h"
#include "kernel/instance/code.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

#define BUSY_RETRY_US 50000
#define BUSY_RETRIES 40 /* 2 s in all */

static void pin_path(const struct chain *chain, uint32_t stub, char ret_path[static PATH_MAX])
{
	char function[DISPATCHER_FUNCTION_MAX];

	dispatcher_fused_stub(stub, function);
	store_path(chain, ret_path, "%s", function);
}

/* The program beside its link: no more is needed to run it, but the next host could not look at it by its id.
 */
static void code_path(const struct chain *chain, uint32_t stub, char ret_path[static PATH_MAX])
{
	store_path(chain, ret_path, "code_%c", 'a' + (char)(stub - XSLOT_FUSED_A));
}

static void forget_path(const struct chain *chain, const char *path)
{
	struct xslot_diag diag = {};

	if (pindir_remove(path, &diag) < 0)
		log_warning("chain %s: %s", chain->name, diag.message);
	xslot_diag_clear(&diag);
}

static void forget_pin(const struct chain *chain, uint32_t stub)
{
	char path[PATH_MAX];

	pin_path(chain, stub, path);
	forget_path(chain, path);
	code_path(chain, stub, path);
	forget_path(chain, path);
}

bool tier_is_fused(const struct chain *chain)
{
	return dispatcher_running(chain->dispatcher)->fused != XSLOT_FUSED_NONE;
}

/* What was found out about another generation is no reason any more: this one is to be tried. */
const char *tier_why_slots(const struct chain *chain)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	const struct chain_tier *tier = &chain->tier;

	if (running->fused)
		return "";
	if (tier->why_not[0] && (!tier->wanted || tier->tried == running->id))
		return tier->why_not;
	return chain->bypass ? "the chain is bypassed" : "";
}

/* ---- what is wanted ---- */

void tier_want(struct chain *chain, const struct config_chain *config, bool never)
{
	struct chain_tier *tier = &chain->tier;
	bool was = tier->wanted;

	tier->wanted = config->fuse && !never;
	if (never)
		snprintf(tier->why_not, sizeof(tier->why_not), "xslotd was started with --no-fuse");
	else if (!config->fuse)
		snprintf(tier->why_not, sizeof(tier->why_not), "the chain has fuse = no");
	for (size_t i = 0; tier->wanted && i < config->n_slots; i++) {
		if (config->slots[i].fuse)
			continue;
		tier->wanted = false;
		snprintf(tier->why_not, sizeof(tier->why_not), "slot %s.%u has fuse = no", config->name,
			config->slots[i].number);
	}
	if (tier->wanted && !was) {
		tier->tried = 0;
		tier->why_not[0] = 0;
	}
}

bool tier_is_to_be_fused(const struct chain *chain)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);

	return chain->tier.wanted && !running->fused && chain->n_slots > 0 && running->count > 0 &&
	       chain->tier.tried != running->id;
}

bool tier_is_to_be_parted(const struct chain *chain)
{
	return !chain->tier.wanted && tier_is_fused(chain);
}

/* ---- fuse ---- */

/* The stub's old link may be held by somebody who looks, or go late when its pin was removed. */
static int place_patiently(struct tier_attempt *attempt, const struct fused *fused)
{
	int r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < BUSY_RETRIES; i++) {
		if (i > 0)
			usleep(BUSY_RETRY_US);
		xslot_diag_clear(&attempt->diag);
		r = fused_place(fused, &attempt->link, &attempt->diag);
	}
	return r;
}

/*
 * The first stub, since a packet gets to each further one by a comparison and a jump more
 * (bpf/dispatcher.bpf.c); the next when the link that filled it before is still held by somebody.
 */
static int load_and_place(struct tier_attempt *attempt, const struct fuse_options *options)
{
	const struct dispatcher *dispatcher = attempt->chain->dispatcher;
	uint32_t stubs = dispatcher_layout(dispatcher)->stubs;
	char path[PATH_MAX];
	int r = -EBUSY;

	for (uint32_t stub = XSLOT_FUSED_A; r == -EBUSY && stub <= stubs; stub++) {
		struct fused *fused = NULL;

		attempt->stub = stub;
		xslot_diag_clear(&attempt->diag);
		r = fused_load(options, dispatcher, stub, &fused, &attempt->diag);
		if (r == 0)
			r = place_patiently(attempt, fused);
		code_path(attempt->chain, stub, path);
		if (r == 0)
			r = bpffs_pin(fused_fd(fused), path, "fused program", &attempt->diag);
		if (r == 0)
			attempt->instructions = fused_verified_instructions(fused_fd(fused));
		fused_free(fused);
	}
	return r;
}

static int try_making(struct tier_attempt *attempt)
{
	const struct chain *chain = attempt->chain;
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	struct fuse_part parts[XSLOT_MAX_SLOTS];
	struct xslot_generation next = *running;
	const struct fuse_options options = {
		.parts = parts, .n_parts = chain->n_slots, .generation = &next, .frags = chain->frags
	};
	char path[PATH_MAX];
	int r = 0;

	next.id++;
	for (size_t i = 0; r == 0 && i < chain->n_slots; i++) {
		const struct chain_slot *slot = &chain->slots[i];

		r = instance_code(slot->occupant->instance, chain->dispatcher, i, slot->bank, &parts[i],
			&attempt->diag);
		parts[i].name = slot->occupant->name;
		if (r == 0)
			r = fuse_check_maps(parts, i + 1, &attempt->diag);
	}
	if (r == 0)
		r = load_and_place(attempt, &options);
	for (size_t i = 0; i < chain->n_slots; i++)
		instance_code_done(chain->slots[i].occupant->instance);
	pin_path(chain, attempt->stub, path);
	return r < 0 ? r : bpffs_pin(xslot_link_fd(attempt->link), path, "fused program", &attempt->diag);
}

void tier_make(struct tier_attempt *attempt)
{
	attempt->result = try_making(attempt);
}

/* 0: an earlier xslotd did not pin the program. */
static uint32_t count_instructions(const struct chain *chain)
{
	CLEANUP(close) int fd = -1;
	char path[PATH_MAX];

	code_path(chain, chain->tier.stub, path);
	return bpffs_open(path, BPFFS_PROGRAM, &fd, NULL) < 0 ? 0 : fused_verified_instructions(fd);
}

void tier_attempt_free(struct tier_attempt *attempt)
{
	if (!attempt)
		return;
	if (attempt->link)
		forget_pin(attempt->chain, attempt->stub);
	xslot_link_close(attempt->link);
	xslot_diag_clear(&attempt->diag);
	free(attempt);
}

static int swap(struct tier_attempt *attempt) ON_LOOP
{
	struct chain *chain = attempt->chain;
	struct xslot_generation generation = *dispatcher_running(chain->dispatcher);
	int r;

	generation.fused = attempt->stub;
	r = generation_swap(chain, &generation, &attempt->diag);
	if (r < 0)
		return r;
	chain->tier.link = TAKE_PTR(attempt->link);
	chain->tier.stub = attempt->stub;
	chain->tier.instructions = attempt->instructions;
	chain->tier.why_not[0] = 0;
	return 0;
}

void tier_go_live(struct tier_attempt *attempt)
{
	struct chain *chain = attempt->chain;

	if (attempt->result == 0)
		attempt->result = swap(attempt);
	if (attempt->result < 0) {
		snprintf(chain->tier.why_not, sizeof(chain->tier.why_not), "%s", attempt->diag.message);
		log_info("chain %s runs as slots: %s", chain->name, attempt->diag.message);
		if (attempt->diag.log)
			log_lines(LOG_LEVEL_DEBUG, attempt->diag.log);
	}
	chain->tier.tried = dispatcher_running(chain->dispatcher)->id;
}

/* ---- part ---- */

int tier_part(struct chain *chain, struct xslot_diag *diag)
{
	struct xslot_generation generation = *dispatcher_running(chain->dispatcher);

	generation.fused = XSLOT_FUSED_NONE;
	return generation_swap(chain, &generation, diag);
}

void tier_drop(struct chain *chain)
{
	if (!chain->tier.link || tier_is_fused(chain))
		return;
	forget_pin(chain, chain->tier.stub);
	xslot_link_close(TAKE_PTR(chain->tier.link));
}

/* ---- adopt ---- */

int tier_adopt(struct chain *chain, bool only_look, struct xslot_diag *diag)
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	char path[PATH_MAX], function[DISPATCHER_FUNCTION_MAX];
	int r;

	for (uint32_t stub = XSLOT_FUSED_A; stub <= XSLOT_FUSED_STUBS && !only_look; stub++) {
		if (running->fused != stub)
			forget_pin(chain, stub);
	}
	if (!running->fused)
		return 0;
	chain->tier.stub = running->fused;
	chain->tier.tried = running->id;
	chain->tier.wanted = true; /* until the files are known to say otherwise */
	pin_path(chain, running->fused, path);
	dispatcher_fused_stub(running->fused, function);
	r = xslot_link_open_pinned(path, &chain->tier.link, diag);
	if (r == 0)
		r = link_check(chain->tier.link, dispatcher_program(chain->dispatcher), function, diag);
	if (r < 0)
		return fail_within(diag, r, "%s", path);
	chain->tier.instructions = count_instructions(chain);
	return 0;
}
