/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The plan knows no kernel and no files; this file flattens both sides into the form that it compares.
 *
 * A reload that changes slots has no questions about interfaces: the kernel reports when one is deleted,
 * renamed or moved, and all reports are read before a transaction. So what was seen stays true until there is
 * a report about one of ours, or until reports may have been lost; then all are looked at.
 *
 * The kernel does not report everything. Only the link shows that it was detached by force, or updated to
 * another program: one call for each link asks, in a few microseconds. Such a program is replaced at once,
 * whatever the outcome of the reload. A program that is attached through netlink may be replaced by anyone,
 * and the alternative names of an interface may change, both without a report while the interface is down;
 * and an operator may reload for the sake of an interface that waits or was refused. In these cases the
 * kernel is asked, whatever was reported.
 */
#include "host/review/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/chain/detached.h"
#include "host/chain/displaced.h"
#include "host/review/twin.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct view *, view_free);

bool view_same(const void *running, const void *wanted)
{
	return occupant_is(running, wanted);
}

static int cannot_know(const struct chain *chain, const char *interface, int error, struct xslot_diag *diag)
{
	return fail(diag, error, "chain %s: cannot ask the kernel for interface %s: %s; nothing was changed",
		chain->name, interface, strerror(-error));
}

/*
 * Does it run the chain still? Notes whether it has its name, too. Where the kernel does not say, all is left
 * as it was known.
 */
static int look(
	const struct chain *chain, struct chain_interface *interface, uint64_t reports, enum view_why why)
{
	const struct netdev *netdev = interface->netdev;
	bool brief = interface->looked == reports;
	uint32_t program = 0;
	char name[IF_NAMESIZE];
	int r = netdev ? netdev_runs(netdev, brief, &program) : 0;

	if (r < 0)
		return r;
	interface->alive = r;
	displaced_look(
		chain, interface, program, why == VIEW_ASKED || (why == VIEW_UNASKED && !chain->only_alarm));
	if (!interface->alive)
		interface->looked = 0;
	if (!interface->alive || brief)
		return 0;
	r = ask_name(netdev_ifindex(netdev), name);
	if (r == 1 && strcmp(name, interface->name) == 0)
		interface->looked = reports;
	return r < 0 ? r : 0;
}

int view_look(const struct view_seen *seen, enum view_why why, struct xslot_diag *diag)
{
	int result = 0;

	for (size_t i = 0; i < seen->n_chains; i++) {
		for (size_t j = 0; j < seen->chains[i]->n_interfaces; j++) {
			int r = look(seen->chains[i], &seen->chains[i]->interfaces[j], seen->reports, why);

			if (r < 0 && result == 0)
				result = cannot_know(
					seen->chains[i], seen->chains[i]->interfaces[j].name, r, diag);
		}
	}
	return result;
}

/* 1 when another interface, or none, has its name; 0; -errno, as ask.h says. */
static int has_another_name(const struct chain_interface *interface)
{
	unsigned index = 0;
	int r = ask_index(interface->name, &index);

	return r < 0 ? r : index != netdev_ifindex(interface->netdev);
}

/* Somebody took it off, or put another program there, and nobody asked to put it back. */
static struct plan_interface view_left_alone(const struct chain_interface *interface)
{
	return (struct plan_interface){
		.name = interface->name,
		.ifindex = netdev_ifindex(interface->netdev),
	};
}

/* Its link may lead nowhere any more, and one that was refused may be gone. */
static int view_interface(
	const struct chain_interface *interface, uint64_t reports, struct plan_interface *ret_view)
{
	int exists = interface->refused ? ask_index(interface->name, &(unsigned){ 0 }) : 1;
	int renamed = interface->alive && interface->looked != reports ? has_another_name(interface) : 0;

	if (exists < 0 || renamed < 0)
		return exists < 0 ? exists : renamed;
	*ret_view = (struct plan_interface){
		.name = interface->name,
		.ifindex = interface->alive ? netdev_ifindex(interface->netdev) : 0,
		.stale = (interface->netdev && !interface->alive) || !exists,
		.displaced = interface->displaced,
		.put_back = interface->displaced_by && !interface->displaced,
		.renamed = renamed,
	};
	return 0;
}

static int view_running(const struct chain *chain, const struct config *config, uint64_t reports,
	bool unasked, struct plan_chain *ret_view, struct xslot_diag *diag)
{
	struct plan_slot *slots = calloc(chain->n_slots + 1, sizeof(*slots));
	struct plan_interface *interfaces = calloc(chain->n_interfaces + 1, sizeof(*interfaces));

	*ret_view = (struct plan_chain){
		.name = chain->name,
		.slots = slots,
		.n_slots = chain->n_slots,
		.interfaces = interfaces,
		.n_interfaces = chain->n_interfaces,
		.generic = chain->generic,
		.frags = chain->frags,
		.only_alarm = chain->only_alarm,
		.version = dispatcher_version(chain->dispatcher),
		.final = chain->final,
		.on_gap = chain->on_gap,
	};
	if (!slots || !interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < chain->n_slots; i++) {
		const struct chain_slot *slot = &chain->slots[i];

		slots[i] = (struct plan_slot){
			.number = slot->number,
			.plugin = slot->occupant->plugin->name,
			.proceed = slot->proceed,
			.token = slot->occupant,
		};
	}
	for (size_t i = 0; i < chain->n_interfaces; i++) {
		int r = 0;

		if (unasked && detached_stays(chain, &chain->interfaces[i]))
			interfaces[i] = view_left_alone(&chain->interfaces[i]);
		else
			r = view_interface(&chain->interfaces[i], reports, &interfaces[i]);
		if (r < 0)
			return cannot_know(chain, chain->interfaces[i].name, r, diag);
		interfaces[i].may_bare =
			chain->off || config_says_detach(config, chain->name, interfaces[i].name);
	}
	return 0;
}

/* Was it refused when it looked as it does now? 1, 0 or -errno, as ask.h says. */
static int is_still_refused(const struct chain *running, const char *name)
{
	const struct chain_interface *interface = chain_find_interface(running, name);
	struct netdev_look look;
	int r;

	if (!interface || !interface->refused || interface->again)
		return 0;
	r = netdev_look(name, &look);
	return r < 0 ? r : look.ifindex && netdev_same_look(&look, &interface->look);
}

static const struct chain *find_chain(const struct view_seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n_chains; i++) {
		if (strcmp(seen->chains[i]->name, name) == 0)
			return seen->chains[i];
	}
	return NULL;
}

/* Which interface has the name? One that was looked at has its own. 0 or -errno; index 0: none. */
static int index_of(const struct view_seen *seen, const char *name, unsigned *ret_index)
{
	int r;

	for (size_t i = 0; i < seen->n_chains; i++) {
		const struct chain *chain = seen->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			const struct chain_interface *interface = &chain->interfaces[j];

			if (interface->netdev && interface->looked == seen->reports &&
				strcmp(interface->name, name) == 0) {
				*ret_index = netdev_ifindex(interface->netdev);
				return 0;
			}
		}
	}
	*ret_index = 0;
	r = ask_index(name, ret_index);
	return r < 0 ? r : 0;
}

/* `running`: whose refusals stand; NULL: none do. */
static int view_wanted_interface(const struct view_seen *seen, const struct chain *running, const char *name,
	struct plan_interface *ret_view)
{
	int r = index_of(seen, name, &ret_view->ifindex);

	ret_view->name = name;
	if (r == 0 && running)
		r = is_still_refused(running, name);
	ret_view->leave = r == 1;
	return r < 0 ? r : 0;
}

/* `leave_refused`: the running chain's refusals stand; else everything is tried. */
static int view_wanted(const struct setup_chain *chain, const struct view_seen *seen, bool leave_refused,
	struct plan_chain *ret_view, struct xslot_diag *diag)
{
	const struct config_chain *config = chain->config;
	const struct chain *running = leave_refused ? find_chain(seen, config->name) : NULL;
	struct plan_slot *slots = calloc(chain->n_slots + 1, sizeof(*slots));
	struct plan_interface *interfaces = calloc(config->n_interfaces + 1, sizeof(*interfaces));

	*ret_view = (struct plan_chain){
		.name = config->name,
		.slots = slots,
		.n_slots = chain->n_slots,
		.interfaces = interfaces,
		.n_interfaces = config->n_interfaces,
		.generic = config->generic,
		.frags = config->frags,
		.only_alarm = config->only_alarm,
		.version = chain->version,
		.final = config->final,
		.on_gap = config->on_gap,
	};
	if (!slots || !interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < chain->n_slots; i++) {
		const struct setup_slot *slot = &chain->slots[i];

		slots[i] = (struct plan_slot){
			.number = slot->config->number,
			.plugin = slot->runs ? slot->config->plugin : module_plugin(slot->module)->name,
			.proceed =
				slot->config->proceed_given ? slot->config->proceed : CHAIN_PROCEED_DEFAULT,
			.token = slot,
		};
	}
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const char *name = config->interfaces[i].name;
		int r = view_wanted_interface(seen, running, name, &interfaces[i]);

		if (r < 0)
			return fail(diag, r,
				"chain %s: cannot ask the kernel for interface %s: %s; nothing was changed",
				config->name, name, strerror(-r));
	}
	return 0;
}

int view_new(const struct view_seen *seen, const struct setup *setup, bool leave_refused,
	struct view **ret_view, struct xslot_diag *diag)
{
	CLEANUP(view_free) struct view *view = calloc(1, sizeof(*view));
	int r = 0;

	if (!view)
		return -ENOMEM;
	view->running = calloc(seen->n_chains + 1, sizeof(*view->running));
	view->wanted = calloc(setup->n_chains + 1, sizeof(*view->wanted));
	if (!view->running || !view->wanted)
		return -ENOMEM;
	view->n_running = seen->n_chains;
	view->n_wanted = setup->n_chains;
	for (size_t i = 0; r == 0 && i < seen->n_chains; i++)
		r = view_running(seen->chains[i], setup->config, seen->reports, leave_refused,
			&view->running[i], diag);
	for (size_t i = 0; r == 0 && i < setup->n_chains; i++)
		r = view_wanted(&setup->chains[i], seen, leave_refused, &view->wanted[i], diag);
	if (r == 0)
		r = twin_mark(view);
	if (r == 0)
		*ret_view = TAKE_PTR(view);
	return r;
}

static void chains_free(struct plan_chain *chains, size_t n)
{
	for (size_t i = 0; chains && i < n; i++) {
		free((void *)chains[i].slots);
		free((void *)chains[i].interfaces);
	}
	free(chains);
}

void view_free(struct view *view)
{
	if (!view)
		return;
	chains_free(view->running, view->n_running);
	chains_free(view->wanted, view->n_wanted);
	free(view);
}
