/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A host may have to run chains without applying their files: a plugin of theirs is quarantined, or they
 * would leave interfaces bare and nothing else is kept. The dispatcher is there with its slots filled, and
 * attaching it to one more interface changes nothing for the others. So an interface that goes and comes back
 * during the repair is not left bare until someone has found a better plugin.
 *
 * Nothing here attaches or releases an interface. This file makes a setup from the running chains: each slot
 * wants its present occupant, each chain its present dispatcher. The ordinary transaction for interfaces
 * compares that with the kernel, as for any host, and finds work for interfaces only. `replace` is not known
 * and stays "no": only an operator can ask for another owner's program to be replaced. Other parts of the
 * setup that are not known (the section [host], fuse) are not read after a transaction for interfaces.
 */
#include "host/adopt/stand_in.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

static bool has_interface(const struct dataplane *dataplane, const char *name)
{
	for (size_t i = 0; i < dataplane->n_chains; i++) {
		if (chain_find_interface(dataplane->chains[i], name))
			return true;
	}
	return false;
}

static void expect(struct dataplane *dataplane, struct chain *chain, const struct config_chain *config)
{
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const char *name = config->interfaces[i].name;

		if (has_interface(dataplane, name))
			continue;
		chain->interfaces = memory_must(
			reallocarray(chain->interfaces, chain->n_interfaces + 1, sizeof(*chain->interfaces)));
		chain->interfaces[chain->n_interfaces++] =
			(struct chain_interface){ .name = memory_copy(name) };
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

static void want_slot(const struct chain_slot *slot, struct config_slot *config, struct setup_slot *ret_slot)
{
	*config = (struct config_slot){
		.number = slot->number,
		.plugin = memory_copy(slot->occupant->plugin->name),
		.proceed_given = slot->proceed != CHAIN_PROCEED_DEFAULT,
		.proceed = slot->proceed,
	};
	*ret_slot = (struct setup_slot){
		.config = config,
		.runs = slot->occupant,
		.name = memory_copy(slot->occupant->name),
	};
}

static void want_chain(const struct chain *chain, struct config_chain *config, struct setup_chain *ret_chain)
{
	*config = (struct config_chain){
		.interfaces = memory_must(calloc(chain->n_interfaces + 1, sizeof(*config->interfaces))),
		.n_interfaces = chain->n_interfaces,
		.generic = chain->generic,
		.final = chain->final,
		.on_gap = chain->on_gap,
		.frags = chain->frags,
		.only_alarm = chain->only_alarm,
		.slots = memory_must(calloc(chain->n_slots + 1, sizeof(*config->slots))),
		.n_slots = chain->n_slots,
	};
	memcpy(config->name, chain->name, sizeof(config->name));
	for (size_t i = 0; i < chain->n_interfaces; i++)
		config->interfaces[i].name = memory_copy(chain->interfaces[i].name);
	*ret_chain = (struct setup_chain){
		.config = config,
		.version = dispatcher_version(chain->dispatcher),
		.slots = memory_must(calloc(chain->n_slots + 1, sizeof(*ret_chain->slots))),
		.n_slots = chain->n_slots,
	};
	for (size_t i = 0; i < chain->n_slots; i++)
		want_slot(&chain->slots[i], &config->slots[i], &ret_chain->slots[i]);
}

struct setup *stand_in_setup(const struct dataplane *dataplane)
{
	struct setup *setup = memory_must(calloc(1, sizeof(*setup)));
	struct config *config = memory_must(calloc(1, sizeof(*config)));
	size_t n = dataplane->n_chains;

	setup->refs = 1;
	setup->config = config;
	config->n_chains = setup->n_chains = n;
	config->chains = memory_must(calloc(n + 1, sizeof(*config->chains)));
	setup->chains = memory_must(calloc(n + 1, sizeof(*setup->chains)));
	for (size_t i = 0; i < n; i++)
		want_chain(dataplane->chains[i], &config->chains[i], &setup->chains[i]);
	return setup;
}
