/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The plan knows no kernel and no files; this is where both sides are flattened into what it compares.
 *
 * A reload that changes slots has nothing to ask about an interface: the kernel reports when one is deleted,
 * renamed or moved, and before a transaction all is read that was reported. So what was seen stays true until
 * a report that concerns any of ours, or until reports may have been lost; then all are looked at.
 *
 * Some things nobody reports. That a link was detached by force, or updated to another's program, only the
 * link tells: the one call that is made for each, in a few microseconds. Such a program is driven out at
 * once, whatever becomes of the reload. What is attached through netlink anybody may replace, and the other
 * names of an interface may change hands, both without a word while it is down; and who waits or was refused
 * is what an operator may reload for. There the kernel is asked, whatever was reported.
 */
#include "host/view.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "host/displaced.h"
#include "host/twin.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(struct view *, view_free);

bool view_same(const void *running, const void *wanted)
{
	return occupant_is(running, wanted);
}

/* Does it run the chain still? Notes whether it has its name, too. */
static void look(const struct chain *chain, struct chain_interface *interface, uint64_t reports)
{
	const struct netdev *netdev = interface->netdev;
	bool brief = interface->looked == reports;
	uint32_t program = 0;
	char name[IF_NAMESIZE];

	interface->alive = netdev && netdev_runs(netdev, brief, &program);
	displaced_look(chain, interface, program);
	if (!interface->alive)
		interface->looked = 0;
	else if (!brief && if_indextoname(netdev_ifindex(netdev), name) && strcmp(name, interface->name) == 0)
		interface->looked = reports;
}

void view_look(struct chain *const *chains, size_t n_chains, uint64_t reports)
{
	for (size_t i = 0; i < n_chains; i++) {
		for (size_t j = 0; j < chains[i]->n_interfaces; j++)
			look(chains[i], &chains[i]->interfaces[j], reports);
	}
}

/* An error in asking is no answer: then it has its name still. */
static bool has_another_name(const struct chain_interface *interface)
{
	unsigned index = netdev_index(interface->name);

	return index ? index != netdev_ifindex(interface->netdev) : errno == ENODEV;
}

/* Its link may lead nowhere any more, and who was refused may be gone. */
static struct plan_interface view_interface(const struct chain_interface *interface, uint64_t reports)
{
	return (struct plan_interface){
		.name = interface->name,
		.ifindex = interface->alive ? netdev_ifindex(interface->netdev) : 0,
		.stale = (interface->netdev && !interface->alive) ||
			 (interface->refused && !netdev_index(interface->name)),
		.displaced = interface->displaced,
		.put_back = interface->displaced_by && !interface->displaced,
		.renamed = interface->alive && interface->looked != reports && has_another_name(interface),
	};
}

static int view_running(
	const struct chain *chain, const struct config *config, uint64_t reports, struct plan_chain *ret_view)
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
		interfaces[i] = view_interface(&chain->interfaces[i], reports);
		interfaces[i].may_bare =
			chain->off || config_says_detach(config, chain->name, interfaces[i].name);
	}
	return 0;
}

/* Was it refused when it looked as it does now? */
static bool is_still_refused(const struct chain *running, const char *name)
{
	for (size_t i = 0; i < running->n_interfaces; i++) {
		const struct chain_interface *interface = &running->interfaces[i];
		struct netdev_look look;

		if (!interface->refused || strcmp(interface->name, name) != 0)
			continue;
		look = netdev_look(name);
		return look.ifindex && netdev_same_look(&look, &interface->look);
	}
	return false;
}

/* What runs, and what of it is known without looking. */
struct seen {
	struct chain *const *chains;
	size_t n_chains;
	uint64_t reports;
};

static const struct chain *find_chain(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n_chains; i++) {
		if (strcmp(seen->chains[i]->name, name) == 0)
			return seen->chains[i];
	}
	return NULL;
}

/* Which interface has the name? One that was looked at has its own. */
static unsigned index_of(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n_chains; i++) {
		const struct chain *chain = seen->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			const struct chain_interface *interface = &chain->interfaces[j];

			if (interface->netdev && interface->looked == seen->reports &&
				strcmp(interface->name, name) == 0)
				return netdev_ifindex(interface->netdev);
		}
	}
	return netdev_index(name);
}

/* `leave_refused`: the running chain's refusals stand; else everything is tried. */
static int view_wanted(const struct setup_chain *chain, const struct seen *seen, bool leave_refused,
	struct plan_chain *ret_view)
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
		.version = XSLOT_DISPATCHER_VERSION,
		.final = config->final,
		.on_gap = config->on_gap,
	};
	if (!slots || !interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < chain->n_slots; i++) {
		const struct setup_slot *slot = &chain->slots[i];

		slots[i] = (struct plan_slot){
			.number = slot->config->number,
			.plugin = module_plugin(slot->module)->name,
			.proceed =
				slot->config->proceed_given ? slot->config->proceed : CHAIN_PROCEED_DEFAULT,
			.token = slot,
		};
	}
	for (size_t i = 0; i < config->n_interfaces; i++) {
		interfaces[i].name = config->interfaces[i].name;
		interfaces[i].ifindex = index_of(seen, config->interfaces[i].name);
		interfaces[i].leave = running && is_still_refused(running, config->interfaces[i].name);
	}
	return 0;
}

int view_new(struct chain *const *chains, size_t n_chains, const struct setup *setup, uint64_t reports,
	bool leave_refused, struct view **ret_view)
{
	const struct seen seen = { chains, n_chains, reports };
	CLEANUP(view_free) struct view *view = calloc(1, sizeof(*view));
	int r = 0;

	if (!view)
		return -ENOMEM;
	view->running = calloc(n_chains + 1, sizeof(*view->running));
	view->wanted = calloc(setup->n_chains + 1, sizeof(*view->wanted));
	if (!view->running || !view->wanted)
		return -ENOMEM;
	view->n_running = n_chains;
	view->n_wanted = setup->n_chains;
	for (size_t i = 0; r == 0 && i < n_chains; i++)
		r = view_running(chains[i], setup->config, reports, &view->running[i]);
	for (size_t i = 0; r == 0 && i < setup->n_chains; i++)
		r = view_wanted(&setup->chains[i], &seen, leave_refused, &view->wanted[i]);
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
