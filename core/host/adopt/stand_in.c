/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host that stands in for files that it must not apply, since a plugin of theirs is quarantined, has no
 * setup to make a plan from. What runs can be had on more interfaces all the same: the dispatcher is there
 * with its slots filled, and attaching it changes nothing for those that have it. So an interface that flaps
 * during the repair is not left bare until somebody has found a better plugin. Another's program is never
 * taken over here: that takes an operator who asks for it.
 */
#include "host/adopt/stand_in.h"

#include <stdlib.h>
#include <string.h>

#include "host/chain/detached.h"
#include "host/chain/displaced.h"
#include "host/chain/lost.h"
#include "host/chain/store.h"
#include "kernel/ask.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/memory.h"

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
			memory_out();
		chain->interfaces = more;
		more[chain->n_interfaces] = (struct chain_interface){ strdup(config->interfaces[i].name) };
		if (!more[chain->n_interfaces++].name)
			memory_out();
	}
}

void stand_in_expect(struct dataplane *dataplane, const struct setup *setup)
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

	if (netdev_alive(interface->netdev) == 1 && ask_name(netdev_ifindex(interface->netdev), name) == 1)
		log_info("%s: %s is called %s now: detached; waiting for another %s", chain->name,
			interface->name, name, interface->name);
	else
		log_info("%s: %s is gone, waiting for it", chain->name, interface->name);
	lost_strip(chain, interface);
	store_forget_interface(chain, interface->netdev);
	netdev_detach(TAKE_PTR(interface->netdev));
}

static void refuse(
	const struct chain *chain, struct chain_interface *interface, int error, struct xslot_diag *diag)
{
	interface->again = ask_is_shortage(error);
	if (!interface->refused || strcmp(interface->refused, diag->message) != 0)
		log_warning("%s: %s", chain->name, diag->message);
	free(interface->refused);
	interface->refused = strdup(diag->message);
	if (!interface->refused)
		memory_out();
}

/* A refusal is no failure: it is noted. */
static int attach(struct chain *chain, struct chain_interface *interface)
{
	enum xdp_mode mode = chain->generic ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
	struct netdev_look look = {};
	struct xslot_diag diag = {};
	int r;

	r = netdev_look(interface->name, &look);
	if (r < 0)
		return r;
	if (interface->refused && !interface->again && netdev_same_look(&look, &interface->look))
		return 0;
	interface->look = look;
	r = netdev_attach(interface->name, mode, dispatcher_fd(chain->dispatcher), &interface->netdev, &diag);
	if (r == 0) {
		r = store_interface(chain, interface->netdev, &diag);
		if (r < 0)
			netdev_detach(TAKE_PTR(interface->netdev));
	}
	if (r < 0) {
		refuse(chain, interface, r, &diag);
	} else {
		free(TAKE_PTR(interface->refused));
		log_info("%s: %s attached (%s)", chain->name, interface->name, xdp_mode_name(mode));
	}
	xslot_diag_clear(&diag);
	return 0;
}

/* As ask.h says. */
static int has_its_name(const struct chain *chain, struct chain_interface *interface)
{
	uint32_t program = 0;
	unsigned ifindex = 0;
	int r = netdev_runs(interface->netdev, false, &program);

	if (r < 0)
		return r;
	interface->alive = r;
	displaced_look(chain, interface, program, !chain->only_alarm);
	if (!interface->alive)
		return 0;
	r = ask_index(interface->name, &ifindex);
	return r < 0 ? r : netdev_ifindex(interface->netdev) == ifindex;
}

static int each_interface(
	struct dataplane *dataplane, int (*fn)(struct chain *chain, struct chain_interface *interface))
{
	int result = 0;

	for (size_t i = 0; i < dataplane->n_chains; i++) {
		struct chain *chain = dataplane->chains[i];

		for (size_t j = 0; j < chain->n_interfaces; j++) {
			int r = fn(chain, &chain->interfaces[j]);

			if (r < 0 && result == 0)
				log_error(
					"%s: cannot ask the kernel for interface %s: %s; it is left as it is",
					chain->name, chain->interfaces[j].name, strerror(-r));
			result = r < 0 ? r : result;
		}
	}
	return result;
}

static int part(struct chain *chain, struct chain_interface *interface)
{
	int r = interface->netdev ? has_its_name(chain, interface) : 1;

	if (r == 0 && !detached_stays(chain, interface))
		let_go(chain, interface);
	return r < 0 ? r : 0;
}

static int join(struct chain *chain, struct chain_interface *interface)
{
	int r = ask_index(interface->name, &(unsigned){ 0 });

	if (r == 0)
		free(TAKE_PTR(interface->refused));
	else if (r == 1 && !interface->netdev)
		r = attach(chain, interface);
	return r < 0 ? r : 0;
}

/* First all that part: one may have the name of another by now, of which it was not bare. */
int stand_in_interfaces(struct dataplane *dataplane)
{
	int r = each_interface(dataplane, part);

	/* One that could not be asked about may have the name of another still. */
	return r < 0 ? r : each_interface(dataplane, join);
}
