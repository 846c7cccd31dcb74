/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel's objects are the truth: the dispatcher's state says which generation runs, and of the
 * manifest's two records the one with that generation's id describes its content. The files only say what is
 * wanted. Interfaces are read last, see adoption_interfaces.c.
 */
#include "host/adopt/adoption_interfaces.h"
#include "host/adopt/found.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/bpffs.h"
#include "extension/link.h"
#include "extension/program.h"
#include "host/adopt/leftover.h"
#include "host/chain/generation.h"
#include "host/chain/off.h"
#include "host/chain/store.h"
#include "host/chain/tier.h"
#include "host/kept/namespace.h"
#include "host/kept/removal.h"
#include "host/plugin/inspect.h"
#include "kernel/ask.h"
#include "kernel/dispatcher/layout.h"
#include "kernel/pindir.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"
#include "util/memory.h"

DEFINE_CLEANUP(struct chain *, chain_free);

static const struct setup_chain *wanted_chain(const struct setup *setup, const char *name)
{
	for (size_t i = 0; i < setup->n_chains; i++) {
		if (strcmp(setup->chains[i].config->name, name) == 0)
			return &setup->chains[i];
	}
	return NULL;
}

/* A slot of the files with the very same content: at the same number if there is one. */
static const struct setup_slot *wanted_slot(
	const struct setup *setup, const char *chain_name, const struct manifest_slot *record)
{
	const struct setup_chain *chain = wanted_chain(setup, chain_name);
	const struct setup_slot *found = NULL;

	for (size_t i = 0; chain && i < chain->n_slots; i++) {
		struct setup_slot *slot = &chain->slots[i];

		if (memcmp(setup_identify(slot), &record->content, sizeof(record->content)) != 0 ||
			!occupant_can_resume(slot))
			continue;
		if (!found || slot->config->number == record->number)
			found = slot;
	}
	return found;
}

/* The plugin's own say: it may refuse to go on, and then a new instance takes over. */
static bool take_up(struct occupant *occupant) ON_WORKER
{
	struct report report = {};
	int r = context_take_up(&occupant->context, occupant->instance, &report);

	for (size_t i = 0; i < report.n_kept; i++)
		log_warning("%s: cannot resume the running instance: %s", occupant->name,
			report.errors[i].message);
	report_clear(&report);
	return r == 0;
}

static int adopt_occupant(const struct found *found, struct chain *chain, const struct manifest_slot *record,
	struct occupant **ret_occupant, struct xslot_diag *diag) ON_WORKER
{
	const struct setup_slot *slot = wanted_slot(found->setup, chain->name, record);
	char folder[PATH_MAX];
	int r;

	store_path(chain, folder, "inst/%llu", (unsigned long long)record->instance);
	r = occupant_adopt(found->setup, slot, record, folder, ret_occupant, diag);
	if (r == 0)
		r = store_release_instance(chain, *ret_occupant, diag);
	if (r < 0 || !slot || found->notes || take_up(*ret_occupant))
		return r;
	occupant_unref(TAKE_PTR(*ret_occupant));
	r = occupant_adopt(found->setup, NULL, record, folder, ret_occupant, diag);
	return r < 0 ? r : store_release_instance(chain, *ret_occupant, diag);
}

static int adopt_slot(const struct found *found, struct chain *chain, const struct manifest_slot *record,
	size_t index, struct xslot_diag *diag) ON_WORKER
{
	struct chain_slot *slot = &chain->slots[index];
	char path[PATH_MAX], function[DISPATCHER_FUNCTION_MAX];
	int r;

	slot->number = record->number;
	slot->proceed = record->proceed;
	slot->bank = chain->banks >> index & 1 ? BANK_B : BANK_A;
	slot->count = record->count;
	slot->previous = record->previous;
	chain->n_slots = index + 1;
	r = adopt_occupant(found, chain, record, &slot->occupant, diag);
	if (r < 0 || found->notes)
		return r;
	store_link_path(chain, record->instance, index, slot->bank, path);
	r = xslot_link_open_pinned(path, &slot->link, diag);
	dispatcher_stub((unsigned)index, slot->bank, function);
	if (r == 0)
		r = link_check(slot->link, dispatcher_program(chain->dispatcher), function, diag);
	if (r == 0 && !link_is_of(slot->link, instance_filler_id(slot->occupant->instance)))
		r = fail(diag, -EINVAL, "it fills the slot with another program than that of its instance");
	return r < 0 ? fail_within(diag, r, "%s", path) : 0;
}

static int adopt_manifest(struct chain *chain, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	store_path(chain, path, "manifest");
	r = bpffs_open(path, BPFFS_MAP, &chain->manifest_fd, diag);
	if (r == 0)
		r = manifest_read(chain->manifest_fd, &chain->manifest, diag);
	if (r == 0 && chain->manifest.layout != dispatcher_layout(chain->dispatcher)->manifest)
		r = fail(diag, -EINVAL, "the manifest has layout %u, which is not its dispatcher's",
			chain->manifest.layout);
	chain->frags = chain->manifest.frags;
	return r;
}

static int adopt_generation(const struct found *found, struct chain *chain, struct xslot_diag *diag) ON_WORKER
{
	const struct xslot_generation *running = dispatcher_running(chain->dispatcher);
	unsigned parity = dispatcher_parity(chain->dispatcher, running->id);
	const struct manifest_record *record = &chain->manifest.record[parity];
	int r = 0;

	chain->final = running->final;
	chain->on_gap = running->on_gap;
	chain->banks = running->banks;
	chain->bypass = running->configured_count > 0 ? running->count == 0 : chain->manifest.bypass;
	if (running->configured_count == 0)
		return 0;
	if (record->generation != running->id || record->n_slots != running->configured_count)
		return fail(diag, -EINVAL,
			"the manifest has no record of the running generation %u, which has %u slots",
			running->id, running->configured_count);
	for (size_t i = 0; r == 0 && i < record->n_slots; i++)
		r = adopt_slot(found, chain, &record->slots[i], i, diag);
	return r;
}

static int adopt_chain(const struct found *found, const char *root, const char *name,
	struct chain **ret_chain, struct xslot_diag *diag) ON_WORKER
{
	CLEANUP(chain_free) struct chain *chain = chain_alloc(name);
	char *at;
	int r;

	if (!chain || asprintf(&chain->folder, "%s/%s", root, name) < 0)
		return fail(diag, -ENOMEM, "out of memory");
	at = strchr(chain->name, '@');
	if (at)
		*at = 0;
	r = store_hold_folder(chain, diag);
	if (r == 0)
		r = dispatcher_open_pinned(chain->folder, &chain->dispatcher, diag);
	if (r == 0)
		r = adopt_manifest(chain, diag);
	if (r == 0)
		r = adopt_generation(found, chain, diag);
	if (r == 0 && !found->notes)
		r = store_make_folders(chain, diag);
	if (r == 0)
		r = tier_adopt(chain, found->notes != NULL, diag);
	if (r == 0)
		*ret_chain = TAKE_PTR(chain);
	return r;
}

/* Of a generation that does not run any more: its packets, for those of its slots that still do. */
static void fold_generation(struct chain *chain, unsigned parity) ON_LOOP
{
	const struct xslot_generation *generation = dispatcher_generation(chain->dispatcher, parity);
	const struct manifest_record *record = &chain->manifest.record[parity];
	/* Less than it has slots when it was bypassed. */
	size_t n_used = generation->id == record->generation ? generation->count : 0;
	struct manifest_count *counts[XSLOT_MAX_SLOTS] = {}, nowhere = {};

	for (size_t j = 0; j < XSLOT_MAX_SLOTS; j++) {
		counts[j] = &nowhere;
		for (size_t i = 0; j < record->n_slots && i < chain->n_slots; i++) {
			if (chain->slots[i].number == record->slots[j].number &&
				strcmp(chain->slots[i].occupant->plugin->name, record->slots[j].plugin) == 0)
				counts[j] = &chain->slots[i].count;
		}
	}
	chain_fold(chain, parity, &chain->manifest.total, n_used, counts);
}

/* What packets did after the last time that a host looked: of all parities, since it may have died between a
 * store and the end of the packets that began before it. */
static void fold_counts(struct chain *chain) ON_LOOP
{
	const struct dispatcher *dispatcher = chain->dispatcher;
	unsigned running = dispatcher_parity(dispatcher, dispatcher_running(dispatcher)->id);

	for (unsigned parity = 0; parity < dispatcher_layout(dispatcher)->generations; parity++) {
		if (parity != running)
			fold_generation(chain, parity);
	}
	chain_refresh(chain);
}

/* What is to be done about an interface that somebody takes off stands in no pin: it is as the files say. */
static void take_on_detach(const struct found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		for (size_t j = 0; j < found->setup->n_chains; j++) {
			const struct config_chain *config = found->setup->chains[j].config;

			if (strcmp(found->chains[i]->name, config->name) == 0)
				found->chains[i]->only_alarm = config->only_alarm;
		}
	}
}

/* The failure says something about this host, and nothing about what it looked at. */
static bool cannot_know(int error)
{
	return ask_is_shortage(error) || error == -EPERM || error == -EACCES;
}

/* Every chain that can be read. What cannot is reported and survived, unless a later version made it. */
static int adopt_chains(struct found *found, const char *root, char **names, size_t n_names,
	struct xslot_diag *diag) ON_WORKER
{
	for (size_t i = 0; i < n_names; i++) {
		struct xslot_diag why = {};
		int r;

		if (removal_is_off(names[i]))
			continue;
		r = removal_is_chain(root, names[i]);
		if (r == 0)
			found_say(found, "%s/%s was not made by xslotd: it is left alone", root, names[i]);
		if (r < 0)
			return fail(diag, r, "cannot look at %s/%s: %s", root, names[i], strerror(-r));
		if (r == 0)
			continue;
		r = adopt_chain(found, root, names[i], &found->chains[found->n], &why);
		if (r == 0)
			found->n++;
		else if (cannot_know(r))
			fail(diag, r, "cannot adopt the running chain: %s; it keeps running unchanged",
				why.message);
		else if (r == -EPROTO)
			fail(diag, r,
				"cannot adopt the running chain: %s; it keeps running. Start the version of xslot that made it, or take it off with \"xslotctl clean %.*s\"",
				why.message, (int)strcspn(names[i], "@"), names[i]);
		else if (!leftover_has_interfaces(root, names[i])) {
			if (!found->notes)
				leftover_unfinished(root, names[i]);
		} else
			found_say(found,
				"cannot adopt %s/%s: %s; it is left alone, and \"xslotctl clean %.*s\" takes it off when this host has stopped",
				root, names[i], why.message, (int)strcspn(names[i], "@"), names[i]);
		xslot_diag_clear(&why);
		if (r == -EPROTO || cannot_know(r))
			return r;
	}
	return 0;
}

/* The first chain that names it goes on; another one of that name gets one that no file can want. */
static void part_namesakes(struct found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		for (size_t j = i + 1; j < found->n; j++) {
			if (strcmp(found->chains[i]->name, found->chains[j]->name) == 0)
				found->chains[j]->name[0] = '@';
		}
	}
}

static void put_in_order(struct found *found, const char *root, struct grace *grace) ON_WORKER
{
	thread_is_alone(); /* the loop does not know of these chains yet */
	leftover_rebuilds(found->chains, &found->n, root, grace);
	part_namesakes(found);
	for (size_t i = 0; i < found->n; i++) {
		struct chain *chain = found->chains[i];

		fold_counts(chain);
		leftover_instances(chain);
		store_show_slots(chain);
		log_info(
			"adopted chain %s: dispatcher version %u, generation %u, %zu slot%s, %zu interface%s",
			chain->name, dispatcher_version(chain->dispatcher),
			dispatcher_running(chain->dispatcher)->id, chain->n_slots,
			chain->n_slots == 1 ? "" : "s", chain->n_interfaces,
			chain->n_interfaces == 1 ? "" : "s");
	}
}

/* Nobody told the namespace that is there now to bypass anything. No packet meets the chain yet. */
static void end_bypass(struct chain *chain) ON_LOOP
{
	struct xslot_generation generation = *dispatcher_running(chain->dispatcher);
	struct xslot_diag diag = {};

	if (!chain->bypass)
		return;
	log_warning(
		"chain %s was BYPASSED, and all its interfaces are gone: its network namespace may have been another one, so the bypass ends",
		chain->name);
	chain->bypass = false;
	generation.count = generation.configured_count;
	if (generation_swap(chain, &generation, &diag) < 0) {
		log_error("chain %s: cannot end the bypass: %s", chain->name, diag.message);
		chain->bypass = true;
	} else {
		generation_settle(chain);
	}
	xslot_diag_clear(&diag);
}

void adoption_forget(struct chain **chains, size_t n)
{
	for (size_t i = 0; i < n; i++)
		chain_free(chains[i]);
	free(chains);
}

static int find(struct found *found, const char *root, struct xslot_diag *diag) ON_WORKER
{
	char **names = NULL;
	size_t n_names = 0;
	int r;

	r = pindir_list(root, &names, &n_names, diag);
	if (r < 0)
		return r;
	found->chains = calloc(n_names + 1, sizeof(*found->chains));
	if (!found->chains)
		r = fail(diag, -ENOMEM, "cannot adopt the running chains: out of memory");
	if (r == 0)
		r = adopt_chains(found, root, names, n_names, diag);
	inspect_end();
	pindir_list_free(names, n_names);
	if (r == 0 && (adoption_interfaces(found, diag) < 0 || adoption_names(found, diag) < 0))
		r = fail_within(diag, -EAGAIN, "cannot adopt the running chains");
	if (r < 0)
		adoption_forget(found->chains, found->n);
	return r;
}

int adoption_run(struct dataplane *dataplane, struct setup *setup, bool dead, struct xslot_diag *diag)
{
	const char *root = pindir_root(dataplane->pins);
	struct found found = { .setup = setup };
	int r = find(&found, root, diag);

	if (r < 0)
		return r;
	put_in_order(&found, root, dataplane->grace);
	thread_is_alone(); /* as above */
	for (size_t i = 0; dead && i < found.n; i++)
		end_bypass(found.chains[i]);
	take_on_detach(&found);
	dataplane->chains = found.chains;
	dataplane->n_chains = found.n;
	return 0;
}

/* What other namespaces left is nothing that a start has to fail for: it has been logged. */
static void sweep(const struct dataplane *dataplane) ON_WORKER
{
	struct xslot_diag diag = {};
	size_t n;

	namespace_sweep(dataplane->bpffs, dataplane->pins, dataplane->grace, &n, &diag);
	xslot_diag_clear(&diag);
}

int adoption_of(struct dataplane *dataplane, struct setup *setup, struct xslot_diag *diag)
{
	struct grace *grace = dataplane->grace;
	const char *root;
	int dead = 0, r;

	r = pindir_open(dataplane->bpffs, &dataplane->pins, diag);
	if (r < 0)
		return r;
	if (pindir_hides(dataplane->bpffs, diag))
		log_warning("%s", diag->message);
	xslot_diag_clear(diag);
	root = pindir_root(dataplane->pins);
	if (pindir_past(dataplane->pins) == PINDIR_UNKNOWN)
		dead = namespace_is_dead(root);
	if (dead < 0)
		return fail(diag, dead,
			"cannot see whether the programs that are pinned in %s are attached: %s", root,
			strerror(-dead));
	r = grace_wait(grace, diag);
	if (r == 0)
		r = namespace_take(dataplane->pins, grace, diag);
	if (r == 0 && dead)
		r = off_drop(dataplane, diag);
	if (r == 0)
		r = off_read(dataplane, diag);
	if (r == 0)
		r = adoption_run(dataplane, setup, dead, diag);
	if (r == 0)
		sweep(dataplane);
	return r;
}

int adoption_look(
	struct dataplane *dataplane, struct setup *setup, struct report *notes, struct xslot_diag *diag)
{
	struct found found = { .setup = setup, .notes = notes };
	const char *root = pindir_root(dataplane->pins);
	int r;

	if (pindir_past(dataplane->pins) == PINDIR_ANOTHERS) {
		found_say(&found,
			"%s was left by a host in a network namespace that is gone, whose number this one has now: a start takes over nothing in it, and removes it",
			root);
		return 0;
	}
	r = off_read(dataplane, diag);
	if (r == 0)
		r = find(&found, root, diag);
	if (r < 0)
		return r;
	thread_is_alone(); /* as above */
	part_namesakes(&found);
	for (size_t i = 0; i < found.n; i++)
		fold_counts(found.chains[i]);
	take_on_detach(&found);
	dataplane->chains = found.chains;
	dataplane->n_chains = found.n;
	return 0;
}
