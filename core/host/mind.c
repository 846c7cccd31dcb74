/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host that stands in for files that it must not apply, since a plugin of theirs is quarantined, has no
 * setup to make a plan from. What runs can be had on more interfaces all the same: the dispatcher is there
 * with its slots filled, and attaching it changes nothing for those that have it. So an interface that flaps
 * during the repair is not left bare until somebody has found a better plugin. Another's program is never
 * taken over here: that takes an operator who asks for it.
 */
#include "host/mind.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "host/displaced.h"
#include "host/lost.h"
#include "host/store.h"
#include "util/cleanup.h"
#include "util/log.h"

static bool has_interface(const struct dataplane *dataplane, const char *name)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		const struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			if (strcmp(chain->interfaces[j].name, name) == 0)
				return true;
		}
	}
	return false;
}

static void expect(struct dataplane *dataplane, struct chain *chain, const struct config_chain *config)
{
	for (size_t i = 0; i < config->n_interfaces; i++) {
		struct chain_interface *more;

		if (has_interface(dataplane, config->interfaces[i].name))
			continue;
		more = reallocarray(chain->interfaces, chain->n_interfaces + 1, sizeof(*more));
		if (!more)
			abort();
		chain->interfaces = more;
		more[chain->n_interfaces] = (struct chain_interface){ strdup(config->interfaces[i].name) };
		if (!more[chain->n_interfaces++].name)
			abort();
	}
}

void mind_expect(struct dataplane *dataplane, const struct setup *setup)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		for (size_t j = 0; j < setup->n_chains; j++) {
			if (strcmp(dataplane->chains[i]->name, setup->chains[j].config->name) == 0)
				expect(dataplane, dataplane->chains[i], setup->chains[j].config);
		}
	}
}

static void let_go(const struct chain *chain, struct chain_interface *interface)
{
	char name[IF_NAMESIZE];

	if (netdev_alive(interface->netdev) && if_indextoname(netdev_ifindex(interface->netdev), name))
		log_info("%s: %s is called %s now: detached; waiting for another %s", chain->name,
			interface->name, name, interface->name);
	else
		log_info("%s: %s is gone, waiting for it", chain->name, interface->name);
	lost_strip(chain, interface);
	store_forget_interface(chain, interface->netdev);
	netdev_detach(TAKE_PTR(interface->netdev));
}

static void refuse(const struct chain *chain, struct chain_interface *interface, struct xslot_diag *diag)
{
	if (!interface->refused || strcmp(interface->refused, diag->message) != 0)
		log_warning("%s: %s", chain->name, diag->message);
	free(interface->refused);
	interface->refused = strdup(diag->message);
	if (!interface->refused)
		abort();
}

static void attach(struct chain *chain, struct chain_interface *interface)
{
	enum xdp_mode mode = chain->generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
	struct netdev_look look = netdev_look(interface->name);
	struct xslot_diag diag = {};
	int r;

	if (interface->refused && netdev_same_look(&look, &interface->look))
		return;
	interface->look = look;
	r = netdev_attach(interface->name, mode, dispatcher_fd(chain->dispatcher), &interface->netdev, &diag);
	if (r == 0) {
		r = store_interface(chain, interface->netdev, &diag);
		if (r < 0)
			netdev_detach(TAKE_PTR(interface->netdev));
	}
	if (r < 0) {
		refuse(chain, interface, &diag);
	} else {
		free(TAKE_PTR(interface->refused));
		log_info("%s: %s attached (%s)", chain->name, interface->name, xdp_mode_name(mode));
	}
	xslot_diag_clear(&diag);
}

static bool has_its_name(const struct chain *chain, struct chain_interface *interface)
{
	uint32_t program = 0;

	interface->alive = netdev_runs(interface->netdev, false, &program);
	displaced_look(chain, interface, program);
	return interface->alive && netdev_ifindex(interface->netdev) == netdev_index(interface->name);
}

static void each_interface(
	struct dataplane *dataplane, void (*fn)(struct chain *chain, struct chain_interface *interface))
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++)
			fn(chain, &chain->interfaces[j]);
	}
}

static void part(struct chain *chain, struct chain_interface *interface)
{
	if (interface->netdev && !has_its_name(chain, interface))
		let_go(chain, interface);
}

static void join(struct chain *chain, struct chain_interface *interface)
{
	if (!netdev_index(interface->name))
		free(TAKE_PTR(interface->refused));
	else if (!interface->netdev)
		attach(chain, interface);
}

/* First all that part: one may have the name of another by now, of which it was not bare. */
void mind_interfaces(struct dataplane *dataplane)
{
	each_interface(dataplane, part);
	each_interface(dataplane, join);
}
