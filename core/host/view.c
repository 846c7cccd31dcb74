/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The plan knows no kernel and no files; this is where both sides are flattened into what it compares. */
#include "host/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

DEFINE_CLEANUP(struct view *, view_free);

bool view_same(const void *running, const void *wanted)
{
	return occupant_is(running, wanted);
}

/* Its link may lead nowhere any more, and who was refused may be gone. */
static void view_interface(const struct chain_interface *interface, struct plan_interface *ret_view)
{
	bool alive = interface->netdev && netdev_alive(interface->netdev);

	*ret_view = (struct plan_interface){
		.name = interface->name,
		.ifindex = alive ? netdev_ifindex(interface->netdev) : 0,
		.stale = (interface->netdev && !alive) ||
			 (interface->refused && !netdev_index(interface->name)),
	};
}

static int view_running(const struct chain *chain, struct plan_chain *ret_view)
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
	for (size_t i = 0; i < chain->n_interfaces; i++)
		view_interface(&chain->interfaces[i], &interfaces[i]);
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

/* `running`: the chain whose refusals stand; NULL: everything is tried. */
static int view_wanted(
	const struct setup_chain *chain, const struct chain *running, struct plan_chain *ret_view)
{
	const struct config_chain *config = chain->config;
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
		interfaces[i].ifindex = netdev_index(config->interfaces[i].name);
		interfaces[i].leave = running && is_still_refused(running, config->interfaces[i].name);
	}
	return 0;
}

static const struct chain *find_chain(struct chain *const *chains, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(chains[i]->name, name) == 0)
			return chains[i];
	}
	return NULL;
}

int view_new(struct chain *const *chains, size_t n_chains, const struct setup *setup, bool leave_refused,
	struct view **ret_view)
{
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
		r = view_running(chains[i], &view->running[i]);
	for (size_t i = 0; r == 0 && i < setup->n_chains; i++) {
		const char *name = setup->chains[i].config->name;

		r = view_wanted(&setup->chains[i], leave_refused ? find_chain(chains, n_chains, name) : NULL,
			&view->wanted[i]);
	}
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
